import pytest
class Leak(Exception): pass
def pump(n):
    if n > 3:
        raise Leak(f"pump {n} leaks")
    return n
def test_sum():
    assert pump(2) + 1 == 4
def test_leak():
    pump(4)
@pytest.fixture
def crew():
    raise RuntimeError("no crew aboard")
def test_crew(crew):
    pass
def test_fine():
    assert True
