import sys
sys.path.insert(0, "/srv/app/python")
from acme_shop.cart import Cart

Cart().add(sku="A-1", count=-2)
