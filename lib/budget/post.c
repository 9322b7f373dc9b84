/* SPDX-License-Identifier: MIT */
#include "budget/post.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

#define MAGIC 0x74736f70u        /* "post" where the lowest byte comes first */
#define VERSION 1
#define SUFFIX ".sock"
#define MODE 0660                /* of the socket */
#define NAME_ATTEMPTS 16
/* Datagrams read at once, so that nobody can keep the loop here. */
#define BATCH 32
/*
 * A socket is bound a moment after its file is there. Until a file is this old, in seconds, it is
 * not taken for that of a dead process just because nobody listens.
 */
#define BIRTH 2
/*
 * Microseconds after a deadline in which the loop gets to what is in the socket: when this process
 * itself was stopped, an answer may have been there for long.
 */
#define GRACE 1000
/* Entries of the directory looked at when old ones are removed. */
#define SWEEP 1024

/* ---- messages ---- */

/* Of one machine, so its byte order will do; the layout is that of 32 and of 64 bits. */
struct wire {
	uint32_t magic;
	uint16_t version;
	uint8_t type;
	uint8_t verdict;
	uint64_t nonce;
	uint64_t device;
	uint64_t generation;
	uint32_t slot;
	int32_t priority;
};
_Static_assert(sizeof(struct wire) == POST_MESSAGE_SIZE, "no gaps in messages");

static bool fits_type(uint8_t verdict, uint8_t type)
{
	if (type == POST_NO)
		return verdict != RECLAIM_ALLOWED && verdict < RECLAIM_VERDICTS;
	return type >= POST_YIELD && type <= POST_FLOODED && verdict == RECLAIM_ALLOWED;
}

bool post_message_read(const void *data, size_t size, struct post_message *message)
{
	struct wire wire;

	if (size != sizeof wire)
		return false;
	memcpy(&wire, data, sizeof wire);
	if (wire.magic != MAGIC || wire.version != VERSION || !fits_type(wire.verdict, wire.type))
		return false;
	*message = (struct post_message) {
		.type = (enum post_type)wire.type,
		.verdict = (enum reclaim_verdict)wire.verdict,
		.nonce = wire.nonce,
		.request = {
			.device = wire.device,
			.generation = wire.generation,
			.slot = wire.slot,
			.priority = wire.priority,
		},
	};
	return true;
}

void post_message_write(const struct post_message *message, void *data)
{
	const struct wire wire = {
		.magic = MAGIC,
		.version = VERSION,
		.type = (uint8_t)message->type,
		.verdict = (uint8_t)message->verdict,
		.nonce = message->nonce,
		.device = message->request.device,
		.generation = message->request.generation,
		.slot = message->request.slot,
		.priority = message->request.priority,
	};

	memcpy(data, &wire, sizeof wire);
}

/* Past the one to ten digits that s begins with; NULL when they are fewer or more. */
static const char *skip_number(const char *s)
{
	size_t n = 0;

	while (n <= 10 && s[n] >= '0' && s[n] <= '9')
		n++;
	return n >= 1 && n <= 10 ? s + n : NULL;
}

/* Reads no further than the first byte that is wrong. */
bool post_name_is_valid(const char *name)
{
	name = skip_number(name);
	if (!name || *name != '-')
		return false;
	name = skip_number(name + 1);
	return name && strcmp(name, SUFFIX) == 0;
}

const char *post_outcome_name(enum post_outcome outcome)
{
	static const char *const names[] = {
		[POST_GRANTED] = "granted",
		[POST_DENIED] = "denied",
		[POST_TOO_MANY] = "asked too often",
		[POST_SILENT] = "no answer",
		[POST_GONE] = "gone",
		[POST_FAILED] = "failed",
	};

	return (unsigned)outcome < sizeof names / sizeof *names ? names[outcome] : "unknown";
}

/* ---- sockets in the directory ---- */

/* The name is valid, so it fits. */
static void set_address(const struct post *post, const char *name, struct sockaddr_un *address)
{
	memset(address, 0, sizeof *address);
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof address->sun_path, "%.*s/%.*s",
		 (int)sizeof post->directory - 1, post->directory, POST_NAME_SIZE - 2, name);
}

/* Whether it is a socket, and no link to one elsewhere. */
static bool is_socket(const struct sockaddr_un *address, struct stat *st)
{
	return lstat(address->sun_path, st) == 0 && S_ISSOCK(st->st_mode);
}

/* Nothing is done to what is no socket, whatever a record says it is. */
static void remove_socket(const struct sockaddr_un *address)
{
	struct stat st;

	if (is_socket(address, &st))
		unlink(address->sun_path);
}

/* 0, or a negative errno: -ENOENT when there is no such socket. */
static int send_message(const struct post *post, const char *name,
			const struct post_message *message)
{
	unsigned char data[POST_MESSAGE_SIZE];
	struct sockaddr_un address;
	struct stat st;

	set_address(post, name, &address);
	if (!is_socket(&address, &st))
		return -ENOENT;
	post_message_write(message, data);
	if (sendto(post->fd, data, sizeof data, MSG_DONTWAIT | MSG_NOSIGNAL,
		   (const struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return 0;
}

/* Whether the socket's file is there but its process is not. */
static bool is_dead(int probe, const struct sockaddr_un *address)
{
	return connect(probe, (const struct sockaddr *)address, sizeof *address) < 0 &&
	       errno == ECONNREFUSED;
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

static void sweep_one(const struct post *post, int probe, const char *name)
{
	struct sockaddr_un address;
	struct stat st;

	set_address(post, name, &address);
	if (is_socket(&address, &st) && time(NULL) - st.st_mtime >= BIRTH &&
	    is_dead(probe, &address))
		unlink(address.sun_path);
}

/* Remove what processes that were killed left behind. */
static void sweep(const struct post *post)
{
	DIR *dir = opendir(post->directory);
	int probe = open_socket();
	struct dirent *entry;

	for (int i = 0; dir && probe >= 0 && i < SWEEP && (entry = readdir(dir)); i++)
		if (post_name_is_valid(entry->d_name))
			sweep_one(post, probe, entry->d_name);
	if (probe >= 0)
		close(probe);
	if (dir)
		closedir(dir);
}

/*
 * Unpredictable as soon as the kernel can do it. Before that, early after boot, different each time
 * is enough: nobody waits here.
 */
static uint64_t any_number(void)
{
	uint64_t number;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) == (ssize_t)sizeof number)
		return number;
	return (uint64_t)clock_now() * 0x9e3779b97f4a7c15u;
}

/* ---- asking ---- */

static void forget(struct post_ask *ask)
{
	if (!ask->post)
		return;
	ask->post->n_outstanding--;
	ask->post = NULL;
	list_remove(&ask->link);
	timer_cancel(&ask->timer);
}

/* The handler may free the request and finish the post. */
static void finish_ask(struct post_ask *ask, enum post_outcome outcome)
{
	ask->outcome = outcome;
	forget(ask);
	ask->done(ask);
}

/* 0: it was sent, or may be later; see ask->sent. Else a negative errno. */
static int send_ask(struct post_ask *ask)
{
	const struct post_message message = {
		.type = POST_YIELD,
		.nonce = ask->nonce,
		.request = ask->request,
	};
	int ret = send_message(ask->post, ask->name, &message);

	if (ret == -EAGAIN || ret == -ENOBUFS || ret == -ENOMEM)
		return 0;
	ask->sent = ret == 0;
	return ret;
}

static void remove_dead(const struct post *post, const char *name)
{
	struct sockaddr_un address;

	set_address(post, name, &address);
	remove_socket(&address);
}

static void fail_ask(struct post_ask *ask, int ret)
{
	if (ret == -ECONNREFUSED)
		remove_dead(ask->post, ask->name);
	ask->sys_errno = -ret;
	finish_ask(ask, ret == -ECONNREFUSED || ret == -ENOENT ? POST_GONE : POST_FAILED);
}

/* A holder that was killed after it got the request does not answer either. */
static void end_wait(struct post_ask *ask)
{
	struct sockaddr_un address;
	int probe = open_socket();
	bool gone = false;
	struct stat st;

	set_address(ask->post, ask->name, &address);
	if (!is_socket(&address, &st)) {
		gone = true;
	} else if (probe >= 0 && is_dead(probe, &address)) {
		gone = true;
		unlink(address.sun_path);
	}
	if (probe >= 0)
		close(probe);
	finish_ask(ask, gone ? POST_GONE : POST_SILENT);
}

/* Look at it again at the deadline, or soon if it could not be sent. */
static int set_timer(struct post_ask *ask)
{
	int64_t left = ask->deadline - clock_now();

	if (!ask->sent && left > POST_RETRY)
		left = POST_RETRY;
	return loop_set_timer(ask->post->loop, &ask->timer, left > GRACE ? left : GRACE);
}

static void on_timer(struct timer *timer)
{
	struct post_ask *ask = container_of(timer, struct post_ask, timer);
	int ret = -ask->sys_errno;

	if (ret == 0 && ask->overdue) {
		end_wait(ask);
		return;
	}
	ask->overdue = clock_now() >= ask->deadline;
	if (ret == 0 && !ask->sent)
		ret = send_ask(ask);
	if (ret == 0)
		ret = set_timer(ask);
	if (ret < 0)
		fail_ask(ask, ret);
}

void post_ask_init(struct post_ask *ask, void (*done)(struct post_ask *ask))
{
	memset(ask, 0, sizeof *ask);
	list_init(&ask->link);
	timer_init(&ask->timer, on_timer);
	ask->done = done;
}

int post_ask(struct post *post, struct post_ask *ask, const char *name,
	     const struct post_request *request, int64_t wait)
{
	int ret;

	if (!post_name_is_valid(name))
		return -EINVAL;
	if (ask->post)
		return -EALREADY;
	if (post->n_outstanding == POST_MAX_OUTSTANDING)
		return -EBUSY;
	snprintf(ask->name, sizeof ask->name, "%s", name);
	ask->post = post;
	ask->request = *request;
	ask->nonce = any_number();
	ask->deadline = clock_now() + (wait > 0 ? wait : POST_DEADLINE);
	ask->verdict = RECLAIM_ALLOWED;
	ask->sent = false;
	ask->overdue = false;
	list_append(&post->outstanding, &ask->link);
	post->n_outstanding++;
	/* An error is for the handler, at once but in dispatch. */
	ask->sys_errno = -send_ask(ask);
	ret = ask->sys_errno ? loop_set_timer(post->loop, &ask->timer, 0) : set_timer(ask);
	if (ret < 0)
		forget(ask);
	return ret;
}

void post_cancel(struct post_ask *ask)
{
	forget(ask);
}

/* ---- what arrives ---- */

struct letter {
	struct post_message message;
	char from[POST_NAME_SIZE];
	struct ucred sender;
};

/* The name of the sender's socket, wherever it says that the directory is. */
static bool read_sender(const struct sockaddr_un *address, socklen_t size, char *name)
{
	const size_t begin = offsetof(struct sockaddr_un, sun_path);
	char path[sizeof address->sun_path + 1];
	const char *base;

	if (size <= begin || size > sizeof *address)
		return false;
	memcpy(path, address->sun_path, size - begin);
	path[size - begin] = '\0';
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (!post_name_is_valid(base))
		return false;
	memcpy(name, base, strlen(base) + 1);
	return true;
}

static bool read_credentials(struct msghdr *header, struct ucred *sender)
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(sender, CMSG_DATA(part), sizeof *sender);
		return true;
	}
	return false;
}

static bool is_trusted(const struct post *post, const struct ucred *sender)
{
	return sender->uid == 0 || sender->uid == geteuid() || post->is_protected;
}

/*
 * 1 and a letter, 0 when what came was none, or a negative errno. There is room for credentials and
 * nothing else, so the kernel itself drops descriptors that somebody sends along.
 */
static int receive(struct post *post, struct letter *letter)
{
	union {
		char space[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	unsigned char data[POST_MESSAGE_SIZE + 1];
	struct sockaddr_un address;
	struct iovec part = { data, sizeof data };
	struct msghdr header = {
		.msg_name = &address, .msg_namelen = sizeof address,
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control,
	};
	ssize_t size = recvmsg(post->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (size < 0)
		return -errno;
	if (!read_credentials(&header, &letter->sender) || !is_trusted(post, &letter->sender) ||
	    !read_sender(&address, header.msg_namelen, letter->from)) {
		post->counters.strangers++;
		return 0;
	}
	if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
	    !post_message_read(data, (size_t)size, &letter->message)) {
		post->counters.garbage++;
		return 0;
	}
	return 1;
}

static void answer(struct post *post, const struct letter *letter, enum post_type type,
		   enum reclaim_verdict verdict)
{
	struct post_message message = letter->message;

	message.type = type;
	message.verdict = verdict;
	if (send_message(post, letter->from, &message) < 0)
		post->counters.unsent++;
}

static void handle_request(struct post *post, const struct letter *letter)
{
	struct post_request request = letter->message.request;
	enum flood_level level = flood_count(&post->flood, letter->sender.pid, clock_now());
	const bool *finished = post->finished;
	enum reclaim_verdict verdict;

	if (level != FLOOD_NONE)
		post->counters.floods++;
	if (level == FLOOD_BEGINS)
		answer(post, letter, POST_FLOODED, RECLAIM_ALLOWED);
	if (level != FLOOD_NONE)
		return;
	request.pid = letter->sender.pid;
	request.uid = letter->sender.uid;
	verdict = post->asked(post->owner, &request);
	if (!*finished)
		answer(post, letter, verdict == RECLAIM_ALLOWED ? POST_YES : POST_NO, verdict);
}

static struct post_ask *find_ask(const struct post *post, const struct letter *letter)
{
	const struct post_message *message = &letter->message;
	struct list *pos;

	list_for_each(pos, &post->outstanding) {
		struct post_ask *ask = container_of(pos, struct post_ask, link);

		if (ask->sent && ask->nonce == message->nonce &&
		    ask->request.device == message->request.device &&
		    ask->request.generation == message->request.generation &&
		    ask->request.slot == message->request.slot &&
		    strcmp(ask->name, letter->from) == 0)
			return ask;
	}
	return NULL;
}

static void handle_answer(struct post *post, const struct letter *letter)
{
	struct post_ask *ask = find_ask(post, letter);

	if (!ask) {
		post->counters.stale++;
		return;
	}
	ask->verdict = letter->message.verdict;
	if (letter->message.type == POST_YES)
		finish_ask(ask, POST_GRANTED);
	else if (letter->message.type == POST_NO)
		finish_ask(ask, POST_DENIED);
	else
		finish_ask(ask, POST_TOO_MANY);
}

static void on_ready(struct loop_source *source, uint32_t revents)
{
	struct post *post = container_of(source, struct post, source);
	bool finished = false;
	struct letter letter;

	(void)revents;
	post->finished = &finished;
	for (int i = 0; i < BATCH && !finished; i++) {
		int ret = receive(post, &letter);

		if (ret < 0)
			break;
		if (ret == 0)
			continue;
		if (letter.message.type == POST_YIELD)
			handle_request(post, &letter);
		else
			handle_answer(post, &letter);
	}
	if (!finished)
		post->finished = NULL;
}

/* ---- the mailbox ---- */

static int look_at_directory(struct post *post, const char *directory)
{
	size_t length = strlen(directory);
	struct stat st;

	if (length >= sizeof post->directory)
		return -ENAMETOOLONG;
	memcpy(post->directory, directory, length + 1);
	if (lstat(directory, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if ((st.st_uid != 0 && st.st_uid != geteuid()) || st.st_mode & S_IWOTH)
		return -EPERM;
	post->is_protected = !(st.st_mode & S_IRWXO);
	return 0;
}

/*
 * The number is random rather than the next one, so that it is nobody else's: a container has the
 * same process ids, and a thread its own contexts.
 */
static int bind_socket(struct post *post)
{
	struct sockaddr_un address;
	int ret = -EADDRINUSE;

	/* Never open to more than in the end, whatever the umask. */
	if (fchmod(post->fd, MODE) < 0)
		return -errno;
	for (int i = 0; i < NAME_ATTEMPTS && ret == -EADDRINUSE; i++) {
		snprintf(post->name, sizeof post->name, "%d-%u" SUFFIX, (int)post->pid,
			 (unsigned)(any_number() >> 32));
		set_address(post, post->name, &address);
		ret = bind(post->fd, (const struct sockaddr *)&address, sizeof address) < 0 ?
			      -errno : 0;
	}
	if (ret < 0)
		return ret;
	if (fchmodat(AT_FDCWD, address.sun_path, MODE, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	ret = -errno;
	remove_socket(&address);
	return ret;
}

static int open_mailbox(struct post *post)
{
	const int yes = 1;
	int ret = open_socket();

	if (ret < 0)
		return ret;
	post->fd = ret;
	if (setsockopt(post->fd, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0)
		ret = -errno;
	else
		ret = bind_socket(post);
	if (ret == 0) {
		ret = loop_add(post->loop, &post->source, post->fd, EPOLLIN, on_ready);
		if (ret < 0)
			remove_dead(post, post->name);
	}
	if (ret < 0) {
		close(post->fd);
		post->fd = -1;
	}
	return ret;
}

int post_init(struct post *post, struct loop *loop, const char *directory,
	      enum reclaim_verdict (*asked)(void *owner, const struct post_request *request),
	      void *owner)
{
	int ret;

	memset(post, 0, sizeof *post);
	list_init(&post->outstanding);
	post->fd = -1;
	post->source.fd = -1;
	post->loop = loop;
	post->asked = asked;
	post->owner = owner;
	post->pid = getpid();
	ret = look_at_directory(post, directory);
	if (ret < 0)
		return ret;
	sweep(post);
	return open_mailbox(post);
}

void post_finish(struct post *post)
{
	if (post->fd < 0)
		return;
	while (!list_empty(&post->outstanding))
		forget(container_of(post->outstanding.next, struct post_ask, link));
	/* The file and the epoll set of a forked child are those of its parent, too. */
	if (post->pid == getpid()) {
		loop_remove(post->loop, &post->source);
		remove_dead(post, post->name);
	}
	close(post->fd);
	post->fd = -1;
	if (post->finished)
		*post->finished = true;
}
