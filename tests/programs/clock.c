/* Moves the wall clock of one process: preloaded, it adds the seconds that stand in the file named by
 * CLOCK_OFFSET_FILE to what the system says. The monotonic clock stays, as it does when a real clock is set.
 * Waits for a time of the wall clock follow its jumps, as they do in the kernel. */
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
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset;
static int (*wait_until)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void begin(void) {
    wait_until = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
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
    if (now) {
        now->tv_sec = precise.tv_sec;
        now->tv_usec = precise.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *told) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (told) *told = now.tv_sec;
    return now.tv_sec;
}

/* In slices, because the clock may jump while somebody waits. */
int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    for (;;) {
        struct timespec now, real = *deadline;
        syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
        real.tv_sec -= moved();
        int64_t left = (int64_t)(real.tv_sec - now.tv_sec) * 1000000000 + (real.tv_nsec - now.tv_nsec);
        if (left > 100000000) {
            real = now;
            real.tv_nsec += 100000000;
            if (real.tv_nsec >= 1000000000) {
                real.tv_sec += 1;
                real.tv_nsec -= 1000000000;
            }
        }
        int result = wait_until(condition, mutex, &real);
        if (result != ETIMEDOUT || left <= 100000000) return result;
    }
}
