#include <imgcls/core/descriptor.h>
#include <imgcls/core/error.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace imgcls {

Descriptor::Descriptor(const std::filesystem::path& path, int flags, mode_t mode)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Descriptor::~Descriptor() {
  close();
}

bool Descriptor::close() {
  return fd_ < 0 || ::close(std::exchange(fd_, -1)) == 0;
}

void write_all(const Descriptor& file, const std::filesystem::path& path,
               std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::write(file.get(), bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      throw IoError(fmt::format("cannot write {} bytes (stopped after {}) to {}: {}", bytes.size(),
                                done, path.string(), std::generic_category().message(errno)));
    }
    done += static_cast<std::size_t>(put);
  }
}

}  // namespace imgcls
