from unittest import mock
from unittest.mock import MagicMock, create_autospec, patch
from console_link.models.argo_service import ArgoService


@patch("console_link.models.argo_service.ArgoService.start_workflow", return_value=1)
@patch('console_link.middleware.workflows.ArgoService')
@patch.object(ArgoService, "stop_workflow")
def test(a, b, c, monkeypatch, mocker):
    monkeypatch.setattr(ArgoService, "resume_workflow", None)
    mocker.patch("other.module.start_workflow")
    service = MagicMock(spec=ArgoService)
    service.start_workflow.return_value = 1
    service.start_workflow.assert_called_once()
    create_autospec(ArgoService).stop_workflow("x")
    unknown = MagicMock()
    unknown.get_workflow_status.side_effect = None
    unknown.get_workflow_status = None
