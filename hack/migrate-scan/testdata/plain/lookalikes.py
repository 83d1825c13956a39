# Nothing here is the old API. What has its name may be it, passed on by another module.
import argo_service_client
from workflows import ArgoService


class Pipeline:
    def start(self):
        return ArgoService().start(self)


value = Pipeline().start().value
try:
    value()
except TimeoutError:
    print("kubectl get workflows", 'argo submit', """argo stop""")
lambda: "ArgoService()"
match = {"case": 1}
match["case"], print(f"{match['case']:>{10}}")
type = 3
