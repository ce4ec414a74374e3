import asyncio


async def upload(part):
    await asyncio.sleep(0)
    if part == 2:
        raise ConnectionResetError(f"part {part}: reset by peer")
    if part == 3:
        raise PermissionError(13, "Permission denied", f"/data/part-{part}.bin")


async def main():
    async with asyncio.TaskGroup() as group:
        for part in range(5):
            group.create_task(upload(part))


asyncio.run(main())
