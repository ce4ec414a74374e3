def walk(node):
    return [walk(child) for child in node]


loop = []
loop.append(loop)
walk(loop)
