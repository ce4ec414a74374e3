from concurrent.futures import ProcessPoolExecutor


def job(n):
    return 10 // n


if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        pool.submit(job, 0).result()
