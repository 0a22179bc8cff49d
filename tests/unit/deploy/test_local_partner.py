"""A partner hands in many records as one file, and again when the report breaks off."""

import json

import httpx

from deploy.local.partner import Partner

RECORDS = [{"project_id": f"prj-{number}"} for number in range(4)]


def line(number: int, result: str, *codes: str) -> str:
    errors = {"errors": [{"code": code} for code in codes]} if codes else {}
    return json.dumps({"line": number, "result": result, "id": f"prj-{number - 1}", **errors}) + "\n"


async def handed_in(*answers: httpx.Response) -> tuple[list[str], list[tuple[int, int]]]:
    waiting, told = list(answers), list[tuple[int, int]]()

    def answer(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("POST", "/v1/imports")
        assert [json.loads(each) for each in request.content.splitlines()] == RECORDS
        return waiting.pop(0)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://ingest.test") as client:
        refused = await Partner(client).put_all(RECORDS, lambda done, total: told.append((done, total)))
    assert waiting == []
    return refused, told


async def test_each_line_of_the_report_advances_and_refusals_are_told() -> None:
    report = line(1, "accepted") + line(2, "refused", "obligatoire") + line(3, "unchanged") + line(4, "accepted")
    refused, told = await handed_in(httpx.Response(200, text=report))
    assert refused == ["prj-1 : [{'code': 'obligatoire'}]"]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


async def test_a_report_that_breaks_off_is_asked_for_again() -> None:
    broken = httpx.Response(200, text=line(1, "accepted") + line(2, "refused", "non-traite"))
    whole = httpx.Response(200, text=line(1, "unchanged") + "".join(line(n, "accepted") for n in (2, 3, 4)))
    assert (await handed_in(httpx.Response(503), broken, whole))[0] == []
