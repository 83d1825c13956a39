if True:
	from console_link.models.argo_service import ArgoService
	svc = ArgoService()
	svc.stop_workflow("x")
        svc.start_workflow("tabs are eight wide")
def broken(:
    svc.stop_workflow("y"
svc.resume_workflow("""never closed)
svc.stop_workflow("z")
