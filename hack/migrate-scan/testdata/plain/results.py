from console_link.models.argo_service import ArgoService, ENDING_ARGO_PHASES

service = ArgoService()
name = service.start_workflow("t").value
result = service.get_workflow_status(name)
if result.success and result.value["phase"] in ENDING_ARGO_PHASES:
    print(result.output)
config = {}
config.value = 1
result = config
print(result.value)


def made():
    return service.stop_workflow(name)


print(made().success)
