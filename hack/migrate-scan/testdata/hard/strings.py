"""from console_link.models.argo_service import ArgoService
ArgoService().start_workflow()  # in a docstring
"""
from console_link.models.argo_service import ArgoService

# ArgoService().stop_workflow("in a comment")
svc = ArgoService()
text = 'svc.stop_workflow("in a string")'
raw = r'svc.stop_workflow("\")'
triple = '''
svc.stop_workflow("x")
''' """ svc.stop_workflow("y") """
print(f"svc.stop_workflow() {{svc.stop_workflow()}} {svc.get_workflow_status("x").value["phase"]!r:>{svc.is_workflow_completed("y").value}}")
print(rf'\{svc.delete_workflow('z')}', f"""
{  # svc.stop_workflow()
   svc.resume_workflow(
       f'{svc.start_workflow(f"{1}").value=}')
}""")
print(t"{svc.watch_workflow('x')}", b"{svc.stop_workflow()}", u"{svc.stop_workflow()}")
é = "ü"; svc.wait_for_suspend("é")
x = svc \
    .stop_workflow  \
    ("continued")


def documented():
    'svc.stop_workflow()'
    "console_link.models.argo_service.ArgoService"
    return "console_link.models.argo_service.ArgoService"
