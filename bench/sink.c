/* An SMTP server that accepts and forgets: what a benchmark sends to when postfix's `smtp-sink` is
   not installed. One thread, epoll, PIPELINING. On SIGUSR1 and at its end it prints one line:
   "messages N bytes N first SECONDS last SECONDS" (times of the monotonic clock).

   cc -O2 -o sink sink.c && ./sink PORT        (0: a free one; it prints "port N") */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LINE_SIZE 4096
#define READ_SIZE 262144

struct connection {
    int fd;
    int in_data;       /* between DATA and the final dot */
    int matched;       /* how many bytes of the end mark were seen */
    size_t line_length;
    char line[LINE_SIZE];
};

static const char END[] = "\r\n.\r\n";
static volatile sig_atomic_t stopped, asked;
static unsigned long long messages, bytes;
static double first_at, last_at;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void on_stop(int number) { (void)number; stopped = 1; }
static void on_ask(int number) { (void)number; asked = 1; }

static void report(void) {
    printf("messages %llu bytes %llu first %.6f last %.6f\n", messages, bytes, first_at, last_at);
    fflush(stdout);
}

static int answer_to(const struct connection *c, const char **text) {
    const char *l = c->line;
    if (!strncasecmp(l, "EHLO", 4))
        *text = "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 52428800\r\n";
    else if (!strncasecmp(l, "DATA", 4))
        *text = "354 go\r\n";
    else if (!strncasecmp(l, "QUIT", 4))
        *text = "221 bye\r\n";
    else
        *text = "250 ok\r\n";
    return !strncasecmp(l, "DATA", 4) ? 1 : !strncasecmp(l, "QUIT", 4) ? 2 : 0;
}

/* Returns 0 when the connection is over. */
static int take(struct connection *c, const char *data, size_t length) {
    char out[65536];
    size_t filled = 0;
    int over = 0;
    bytes += length;
    for (size_t i = 0; i < length && !over; i++) {
        char byte = data[i];
        if (c->in_data) {
            if (c->matched == 0) { /* run to the next line end at once */
                const char *next = memchr(data + i, '\r', length - i);
                if (!next) break;
                i = (size_t)(next - data);
                byte = '\r';
            }
            if (byte == END[c->matched]) c->matched++;
            else c->matched = byte == '\r' ? 1 : 0;
            if (END[c->matched] == '\0') {
                c->in_data = 0;
                last_at = now();
                if (!messages++) first_at = last_at;
                memcpy(out + filled, "250 kept\r\n", 10);
                filled += 10;
            }
            continue;
        }
        if (byte != '\n') {
            if (c->line_length < LINE_SIZE - 1) c->line[c->line_length++] = byte;
            continue;
        }
        c->line[c->line_length] = '\0';
        const char *text;
        int effect = answer_to(c, &text);
        c->line_length = 0;
        size_t size = strlen(text);
        memcpy(out + filled, text, size);
        filled += size;
        if (effect == 1) {
            c->in_data = 1;
            c->matched = 2; /* the body may begin with the final dot */
        }
        if (effect == 2) over = 1;
        if (filled > sizeof out - 256) {
            if (send(c->fd, out, filled, MSG_NOSIGNAL) < 0) return 0;
            filled = 0;
        }
    }
    if (filled && send(c->fd, out, filled, MSG_NOSIGNAL) < 0) return 0;
    return !over;
}

int main(int count, char **arguments) {
    int port = count > 1 ? atoi(arguments[1]) : 0, yes = 1;
    struct sigaction stop = {.sa_handler = on_stop}, ask = {.sa_handler = on_ask};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGUSR1, &ask, NULL);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listening, (struct sockaddr *)&address, size) || listen(listening, 512) ||
        getsockname(listening, (struct sockaddr *)&address, &size)) {
        perror("sink");
        return 1;
    }
    printf("port %d\n", ntohs(address.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &event);
    char *data = malloc(READ_SIZE);
    while (!stopped) {
        int found = epoll_wait(poll, ready, 64, -1);
        if (asked) {
            asked = 0;
            report();
        }
        for (int i = 0; i < found; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c) {
                int fd = accept(listening, NULL, NULL);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                c = calloc(1, sizeof *c);
                c->fd = fd;
                event.data.ptr = c;
                epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                if (send(fd, "220 sink\r\n", 10, MSG_NOSIGNAL) > 0) continue;
            } else {
                ssize_t length = recv(c->fd, data, READ_SIZE, 0);
                if (length > 0 && take(c, data, (size_t)length)) continue;
                if (length < 0 && errno == EINTR) continue;
            }
            close(c->fd);
            free(c);
        }
    }
    report();
    return 0;
}
