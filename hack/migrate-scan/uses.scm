; What can be a use of the old API, in Python.
(call) @call
(attribute attribute: (identifier) @member) @attribute
(identifier) @identifier
(string) @string
(list) @words
(tuple) @words
(type (string) @annotation)
(type (subscript (string) @annotation))
(class_definition name: (_) @class superclasses: (argument_list (_) @base))
(function_definition name: (_) @definition)

; Errors that are caught, or expected, around a body.
(try_statement body: (_) @body (_ . [(identifier) (attribute)] @caught (block)))
(try_statement body: (_) @body (_ . (tuple [(identifier) (attribute)] @caught) (block)))
(try_statement body: (_) @body (_ . (as_pattern . [(identifier) (attribute)] @caught)))
(try_statement body: (_) @body (_ . (as_pattern . (tuple [(identifier) (attribute)] @caught))))
(with_statement
  (with_clause (with_item (call function: (_) @catcher arguments: (argument_list [(identifier) (attribute)] @expected))))
  body: (_) @body)
(with_statement
  (with_clause (with_item (as_pattern . (call function: (_) @catcher arguments: (argument_list [(identifier) (attribute)] @expected)))))
  body: (_) @body)
(call function: (_) @catcher arguments: (argument_list . [(identifier) (attribute)] @expected (_))) @body

(ERROR) @error
(MISSING) @error

; These are not uses of a name, or not code.
(keyword_argument name: (identifier) @skip)
(assignment left: (identifier) @skip)
(import_statement (dotted_name (identifier) @skip))
(import_from_statement (dotted_name (identifier) @skip))
(aliased_import (dotted_name (identifier) @skip))
(aliased_import alias: (identifier) @skip)
(expression_statement (string) @skip)
