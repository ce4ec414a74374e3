import concurrent.futures as f
def w(n): return {}[n]
if __name__=='__main__':
    with f.ProcessPoolExecutor(1) as e: print(e.submit(w, 3).result())
