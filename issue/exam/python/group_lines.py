import asyncio
async def a(): raise LookupError("x\ny")
async def main():
    async with asyncio.TaskGroup() as g:
        g.create_task(a()); g.create_task(a())
asyncio.run(main())
