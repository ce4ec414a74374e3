def transfer(amount, balance):
    assert amount <= balance
    return balance - amount


transfer(5, 2)
