import asyncio
import gc


class UpstreamTimeout(TimeoutError):
    pass


async def fetch(url):
    await asyncio.sleep(0)
    raise UpstreamTimeout(f"GET {url}: no answer in 30s")


async def main():
    task = asyncio.create_task(fetch("https://api.example.org/v1/items?page=2"), name="poll")
    await asyncio.sleep(0.05)
    del task
    gc.collect()


asyncio.run(main())
