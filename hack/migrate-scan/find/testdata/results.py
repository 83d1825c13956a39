from console_link.models.argo_service import ArgoService, ENDING_ARGO_PHASES  # want: import certain

service = ArgoService()  # want: construct certain
name = service.start_workflow("t").value  # want: method certain; result certain
result = service.get_workflow_status(name)  # want: method certain
if result.success and result.value["phase"] in ENDING_ARGO_PHASES:  # want: result certain; result certain; phases certain
    print(result.output)  # want: result certain
config = {}
config.value = 1
result = config
print(result.value)


def made():
    return service.stop_workflow(name)  # want: method certain


print(made().success)  # want: result certain
