const pino = require('pino')(pino_opts(), require('pino').destination({ dest: 2, sync: true }));
function pino_opts() { return { base: { pid: 7, hostname: 'web-1' } }; }
function work(n) { throw new TypeError('cannot read ' + n); }
pino.info('hello');
try { work(1); } catch (e) { pino.error(e, 'job failed'); }
pino.error('only text');
pino.fatal({ code: 3 }, 'giving up');
const bunyan = require('bunyan').createLogger({ name: 'app', stream: process.stderr });
bunyan.info('hello');
try { work(2); } catch (e) { bunyan.error(e, 'bunyan failed'); }
const winston = require('winston');
const logger = winston.createLogger({
  format: winston.format.combine(winston.format.errors({ stack: true }), winston.format.timestamp(), winston.format.json()),
  transports: [new winston.transports.Console({ stderrLevels: ['error', 'info'] })],
});
logger.info('hello');
try { work(3); } catch (e) { logger.error(e); }
logger.error('plain winston');
