#include <imgcls/core/descriptor.h>
#include <imgcls/dist/launch/launcher.h>
#include <imgcls/log/terminal.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace imgcls::report {
namespace {

Terminal look_at(int descriptor) {
  Terminal terminal;
  const char* kind = std::getenv("TERM");
  if (::isatty(descriptor) == 0 || (kind && std::string_view(kind) == "dumb")) return terminal;
  terminal.interactive = true;
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    terminal.columns = size.ws_col;
  return terminal;
}

}  // namespace

Terminal find_terminal() {
  if (dist::launched().name != "mpirun") return look_at(STDERR_FILENO);
  // The parent is mpirun itself where the rank runs on mpirun's machine, else a daemon without a
  // terminal.
  const std::string launcher = "/proc/" + std::to_string(::getppid()) + "/fd/2";
  const Descriptor error_output(launcher, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  return error_output.get() < 0 ? Terminal() : look_at(error_output.get());
}

void show(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace imgcls::report
