; What names are bound to, in Python. A @target is bound to what its @type or @value is, a @function
; when it is called.
[(function_definition) (lambda) (class_definition)] @scope

(assignment left: (_) @target !type right: (_) @value)
(assignment left: (_) @target type: (_) @type right: (_) @value)
(assignment left: (_) @target type: (_) @type !right)
(augmented_assignment left: (_) @target right: (_) @more)
(named_expression name: (_) @target value: (_) @value)
(as_pattern . (_) @value alias: (as_pattern_target (_) @target))
(for_statement left: (_) @target right: (_) @value)
(for_in_clause left: (_) @target right: (_) @value)

(parameters (identifier) @parameter)
(lambda_parameters (identifier) @parameter)
(typed_parameter . (identifier) @target type: (_) @type)
(default_parameter name: (_) @target value: (_) @value)
(typed_default_parameter name: (_) @target type: (_) @type)

(function_definition name: (_) @function return_type: (_) @type)
(function_definition name: (_) @function body: (block (return_statement (_) @value)))
(function_definition name: (_) @function body: (block (expression_statement (yield (_) @value))))
(decorated_definition (decorator (_) @decorator) definition: (function_definition name: (_) @decorated))

(import_statement (dotted_name) @import)
(import_statement (aliased_import name: (_) @import alias: (_) @as))
(import_from_statement module_name: (_) @from name: (dotted_name) @import) @statement
(import_from_statement module_name: (_) @from name: (aliased_import name: (_) @import alias: (_) @as)) @statement
(import_from_statement module_name: (_) @from (wildcard_import) @import) @statement
