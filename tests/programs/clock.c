/* Moves the wall clock of one process: preloaded, it adds the seconds that stand in the file named by
 * CLOCK_OFFSET_FILE to what the system says. The monotonic clock stays, as it does when a real clock is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
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

static int64_t moved(void) { return offset ? *offset : 0; }

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

int timespec_get(struct timespec *now, int base) {
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, now) == 0 ? base : 0;
}

/* A wait until a time of the wall clock ends when that clock says so: later where it is set back meanwhile. The kernel does
 * that for its own clock; here it is looked at now and then. Deadlines of the monotonic clock are much smaller numbers
 * and stay as they are. */
#define SOME_YEAR 1000000000
#define LOOK 50000000

static int passed(const struct timespec *deadline) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

/* Until the deadline or the next look, whichever comes first, by the machine's clock. */
static struct timespec soon(const struct timespec *deadline) {
    struct timespec look, real = *deadline;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &look);
    look.tv_nsec += LOOK;
    if (look.tv_nsec >= 1000000000) look.tv_sec += 1, look.tv_nsec -= 1000000000;
    real.tv_sec -= moved();
    int first = real.tv_sec < look.tv_sec || (real.tv_sec == look.tv_sec && real.tv_nsec < look.tv_nsec);
    return first ? real : look;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    if (deadline->tv_sec < SOME_YEAR) return posix_wait(condition, mutex, deadline);
    for (;;) {
        struct timespec until = soon(deadline);
        int result = posix_wait(condition, mutex, &until);
        if (result != ETIMEDOUT || passed(deadline)) return result;
    }
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict deadline) {
    if (deadline->tv_sec < SOME_YEAR) return c11_wait(condition, mutex, deadline);
    for (;;) {
        struct timespec until = soon(deadline);
        int result = c11_wait(condition, mutex, &until);
        if (result != thrd_timedout || passed(deadline)) return result;
    }
}
