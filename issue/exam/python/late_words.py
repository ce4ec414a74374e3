import logging,sys
logging.basicConfig(format='%(asctime)s %(name)s %(levelname)s %(message)s')
try: int('z')
except ValueError: logging.getLogger('app.x').exception('bad input %s','z')
logging.getLogger('app.x').error('multi\n  indented\nline')
class T:
    def __del__(self): raise OSError('late')
t=T(); del t
import unittest
sys.stderr.write('done\n')
raise SystemExit('give up: disk')
