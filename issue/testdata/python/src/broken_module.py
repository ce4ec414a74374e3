value = (1 +
print("x")
