"""NoneBot as an independent client: prints a line of JSON for every packet it read, with the class it read it as.

It connects to the address given, or waits at the port given to be connected to. Each line on its standard input is
an action with its parameters; what comes of it is printed as well.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import nonebot
from nonebot.adapters.onebot.v11 import ActionFailed, Adapter, Bot, Event, NetworkError

_printed = asyncio.Lock()


def show(**line: Any) -> None:
    print(json.dumps(line), flush=True)


class Watching(Adapter):
    """Says of every packet what it became, and what it was."""

    @classmethod
    def json_to_event(cls, json_data: Any) -> Event | None:
        event = super().json_to_event(json_data)
        if "post_type" in json_data:
            show(packet=json_data, read_as=type(event).__name__)
        return event


async def obey(bot: Bot) -> None:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            show(action=asked["action"], data=await bot.call_api(asked["action"], **asked["params"]))
        except ActionFailed as error:
            show(action=asked["action"], failed=error.info)
        except NetworkError as error:
            show(action=asked["action"], failed={"message": str(error)})


def main(address: str, port: int, token: str) -> None:
    urls = [address] if address else []
    nonebot.init(
        driver="~httpx+~websockets" if address else "~fastapi",
        onebot_ws_urls=urls,
        onebot_access_token=token,
        host="127.0.0.1",
        port=port or 8080,
        log_level="CRITICAL",
        api_timeout=10.0,
    )
    driver = nonebot.get_driver()
    driver.register_adapter(Watching)
    tasks = []

    @driver.on_bot_connect
    async def connected(bot: Bot) -> None:
        show(connected=bot.self_id)
        tasks.append(asyncio.create_task(obey(bot)))

    nonebot.run()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
