#include "test/guard/counters.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <utility>

namespace shoal::test {
namespace {

bool counting = false;
Counters counted;

void note_copy(std::size_t bytes) {
  if (counting && bytes >= kPayloadBytes) counted.copied_bytes += bytes;
}

void note_system_call() { counted.system_calls += counting; }

void* allocate(std::size_t bytes) {
  counted.allocations += counting;
  if (void* const at = std::malloc(bytes)) return at;
  throw std::bad_alloc();
}

}  // namespace

Counters& counters() { return counted; }
Counting::Counting() { counting = true; }
Counting::~Counting() { counting = false; }
void note_device_call() { counted.device_calls += counting; }
Uncounted::Uncounted() : counted_(std::exchange(counting, false)) {}
Uncounted::~Uncounted() { counting = counted_; }

}  // namespace shoal::test

using namespace shoal::test;

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete[](void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t) noexcept { std::free(at); }
void operator delete[](void* at, std::size_t) noexcept { std::free(at); }

extern "C" {

void* __real_memcpy(void* to, const void* from, std::size_t bytes);
void* __wrap_memcpy(void* to, const void* from, std::size_t bytes) {
  note_copy(bytes);
  return __real_memcpy(to, from, bytes);
}

void* __real_memmove(void* to, const void* from, std::size_t bytes);
void* __wrap_memmove(void* to, const void* from, std::size_t bytes) {
  note_copy(bytes);
  return __real_memmove(to, from, bytes);
}

ssize_t __real_recv(int socket, void* into, std::size_t bytes, int flags);
ssize_t __wrap_recv(int socket, void* into, std::size_t bytes, int flags) {
  note_system_call();
  return __real_recv(socket, into, bytes, flags);
}

ssize_t __real_recvmsg(int socket, msghdr* message, int flags);
ssize_t __wrap_recvmsg(int socket, msghdr* message, int flags) {
  note_system_call();
  return __real_recvmsg(socket, message, flags);
}

ssize_t __real_sendmsg(int socket, const msghdr* message, int flags);
ssize_t __wrap_sendmsg(int socket, const msghdr* message, int flags) {
  note_system_call();
  return __real_sendmsg(socket, message, flags);
}

int __real_epoll_wait(int epoll, epoll_event* events, int room, int timeout);
int __wrap_epoll_wait(int epoll, epoll_event* events, int room, int timeout) {
  note_system_call();
  return __real_epoll_wait(epoll, events, room, timeout);
}

int __real_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event);
int __wrap_epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) {
  note_system_call();
  return __real_epoll_ctl(epoll, operation, descriptor, event);
}

ssize_t __real_read(int descriptor, void* into, std::size_t bytes);
ssize_t __wrap_read(int descriptor, void* into, std::size_t bytes) {
  note_system_call();
  return __real_read(descriptor, into, bytes);
}

ssize_t __real_write(int descriptor, const void* from, std::size_t bytes);
ssize_t __wrap_write(int descriptor, const void* from, std::size_t bytes) {
  note_system_call();
  return __real_write(descriptor, from, bytes);
}
}
