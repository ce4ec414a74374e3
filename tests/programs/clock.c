/* Moves the wall clock of one process: preloaded, it adds the seconds that stand in the file named by
 * CLOCK_OFFSET_FILE to what the system says. The monotonic clock stays, as it does when a real clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int (*posix_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*c11_wait)(cnd_t *, mtx_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    posix_wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    c11_wait = dlsym(RTLD_NEXT, "cnd_timedwait");
    const char *path = getenv("CLOCK_OFFSET_FILE");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *page = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    if (page != MAP_FAILED) offset = page;
    close(file);
}

/* How far the clock is off now, and how far it was before its latest jump. */
static int64_t now_off, before_off;

static int64_t moved(void) {
    int64_t off = offset ? *offset : 0, known = __atomic_load_n(&now_off, __ATOMIC_ACQUIRE);
    if (off != known && __atomic_compare_exchange_n(&now_off, &known, off, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
        __atomic_store_n(&before_off, known, __ATOMIC_RELEASE);
    return off;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = (int)syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += moved();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    (void)zone;
    struct timespec precise;
    int result = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return result;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}

static int64_t distance(int64_t a, int64_t b) { return a > b ? a - b : b - a; }

/* librdkafka computes deadlines of its waits by the wall clock, once for a whole loop of waits, and a clock that is set
 * back holds them up for as long as it was set back. That is known and would end every run here; so a deadline is
 * turned into the machine's time by the clock that it was computed with: this one, or the one before the latest jump.
 * Jumps are much longer than waits, which tells the two apart. */
static struct timespec real_time(const struct timespec *deadline) {
    struct timespec now, real = *deadline;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    int64_t one = real.tv_sec - moved(), other = real.tv_sec - __atomic_load_n(&before_off, __ATOMIC_ACQUIRE);
    real.tv_sec = distance(one, now.tv_sec) <= distance(other, now.tv_sec) ? one : other;
    return real;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    struct timespec real = real_time(deadline);
    return posix_wait(condition, mutex, &real);
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict deadline) {
    struct timespec real = real_time(deadline);
    return c11_wait(condition, mutex, &real);
}
