import asyncio
import gc


async def work():
    raise TimeoutError("no answer")


async def main():
    asyncio.ensure_future(work())
    await asyncio.sleep(0.01)
    gc.collect()


asyncio.run(main())
