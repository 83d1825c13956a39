# -*- coding: latin-1 -*-
from console_link.models.argo_service import ArgoService
print "svc.stop_workflow()", ArgoService().start_workflow("x").value
print >>sys.stderr, `svc`
exec "svc.stop_workflow()"
try:
    x = 0777L; ArgoService().wait_for_suspend(ur"x")
except TimeoutError, e:
    raise ValueError, "x"
if x <> 1: ArgoService().stop_workflow("x")
