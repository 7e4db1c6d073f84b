"""aiocqhttp as an independent client: waits at the port given to be connected to, and asks over that connection, or
over HTTP where an address is given. Prints a line of JSON for every event, and for what came of each action, which
it reads from its standard input."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiocqhttp import ActionFailed, CQHttp, Event, HttpFailed, NetworkError


def show(**line: Any) -> None:
    print(json.dumps(line), flush=True)


async def main(port: int, http: str, token: str) -> None:
    bot = CQHttp(api_root=http or None, access_token=token, api_timeout_sec=10)

    async def told(event: Event) -> None:
        show(packet=dict(event), read_as=event.name)

    for kind in ("message", "notice", "request", "meta_event"):
        bot.subscribe(kind, told)

    async def obey() -> None:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            asked = json.loads(line)
            try:
                show(action=asked["action"], data=await bot.call_action(asked["action"], **asked["params"]))
            except ActionFailed as error:
                show(action=asked["action"], failed=error.result)
            except HttpFailed as error:
                show(action=asked["action"], failed={"retcode": error.status_code})
            except NetworkError as error:
                show(action=asked["action"], failed={"message": str(error)})

    serving = asyncio.create_task(bot.run_task(host="127.0.0.1", port=port))
    show(connected=http)
    await obey()
    serving.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
