import asyncio
import contextlib
import pytest
from console_link.models.argo_service import ArgoService, WorkflowEndedBeforeSuspend
from console_link.models.command_runner import CommandRunnerError

ERRORS = (WorkflowEndedBeforeSuspend, ValueError)


def waits(svc: ArgoService):
    try:
        svc.wait_for_suspend("x")
    except WorkflowEndedBeforeSuspend as e:
        raise RuntimeError from e
    except (TimeoutError, CommandRunnerError):
        pass
    except ERRORS:
        pass
    try:
        svc.wait_for_ending_phase("x")
    except asyncio.TimeoutError:
        pass
    finally:
        svc.delete_workflow("x")


def others(svc: ArgoService):
    try:
        socket.connect()
    except (TimeoutError, CommandRunnerError):
        svc.wait_for_suspend("not in the body")
    try:
        svc.stop_workflow("doesn't wait")
    except TimeoutError:
        pass
    try:
        def later():
            svc.wait_for_suspend("not here")
    except TimeoutError:
        pass
    class TimeoutError(Exception):
        pass
    try:
        svc.wait_for_suspend("another TimeoutError")
    except TimeoutError:
        pass


class TestIt:
    def test(self, svc):
        with pytest.raises(TimeoutError, match="x"):
            self.svc.wait_for_suspend("likely")
        with pytest.raises(TimeoutError):
            open("x")
        with contextlib.suppress(WorkflowEndedBeforeSuspend, TimeoutError):
            ArgoService().wait_for_suspend("x")
        self.assertRaises(TimeoutError, ArgoService().wait_for_ending_phase, "x")
        mock.side_effect = WorkflowEndedBeforeSuspend("x")


@pytest.fixture
def service():
    yield ArgoService()


def test_fixture(service):
    started = service.start_workflow("x")
    assert started.success, started.output
    return started.value
