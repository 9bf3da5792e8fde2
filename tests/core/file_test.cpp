// Files: read whole, replaced whole, refused with a reason.

#include "../support/temp_folder.h"

#include <imgcls/core/error.h>
#include <imgcls/core/file.h>
#include <imgcls/core/file_lock.h>
#include <imgcls/core/new_file.h>

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using Catch::Matchers::Contains;
using imgcls::IoError;
namespace fs = std::filesystem;

namespace {

template <class Action>
std::string refused(Action&& action) {
  try {
    action();
  } catch (const IoError& error) {
    return error.what();
  }
  FAIL("no IoError");
  return {};
}

/// Lets no file grow beyond `bytes`, as a full disk would, until the end of the scope.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : old_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

}  // namespace

TEST_CASE("what is written is what is read") {
  const imgcls::test::TempFolder folder;
  const fs::path path = folder.path() / "bytes";
  std::vector<std::byte> bytes(300'000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 31 >> 3);
  imgcls::write_synced(path, bytes);
  CHECK(imgcls::read_file(path) == bytes);

  std::vector<std::byte> reused(7);
  imgcls::read_file(path, reused);
  CHECK(reused == bytes);
  const auto capacity = reused.capacity();
  imgcls::write_synced(path, std::span(bytes).first(3));
  imgcls::read_file(path, reused);
  CHECK(reused.size() == 3);
  CHECK(reused.capacity() == capacity);
  imgcls::write_synced(path, {});
  CHECK(imgcls::read_file(path).empty());
}

TEST_CASE("a missing file is named with the reason") {
  CHECK(refused([] { imgcls::read_file("/nowhere/a.jpg"); }) ==
        "cannot open /nowhere/a.jpg: No such file or directory");
}

TEST_CASE("a FIFO is refused at once, a folder and a device as well") {
  const imgcls::test::TempFolder folder;
  const fs::path fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  const auto start = std::chrono::steady_clock::now();
  CHECK(refused([&] { imgcls::read_file(fifo); }) ==
        "cannot read " + fifo.string() + ": it is not a regular file");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  CHECK_THAT(refused([&] { imgcls::read_file(folder.path()); }), Contains("not a regular file"));
  CHECK_THAT(refused([] { imgcls::read_file("/dev/null"); }), Contains("not a regular file"));
}

TEST_CASE("a new file never takes the place of a device, a FIFO or a folder") {
  const imgcls::test::TempFolder folder;
  const std::string fifo = (folder / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  std::filesystem::create_directory(folder / "inside");
  for (const std::string& path :
       {fifo, (folder / "inside").string(), std::string("/dev/null"), std::string("/dev/stdout")}) {
    CHECK_THAT(refused([&] { imgcls::replace_file(path, "new"); }),
               Contains(path) && Contains("give the name of a file"));
    CHECK_THAT(refused([&] { const imgcls::NewFile file(path); }), Contains(path));
    CHECK(!std::filesystem::exists(path + ".tmp"));
  }
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("replace_file replaces, and leaves nothing beside") {
  const imgcls::test::TempFolder folder;
  const fs::path path = folder.path() / "state.json";
  imgcls::replace_file(path, "old");
  CHECK(imgcls::read_text(path) == "old");
  imgcls::replace_file(path, "new and longer");
  CHECK(imgcls::read_text(path) == "new and longer");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a link is replaced in one step, and leads where it is told") {
  const imgcls::test::TempFolder folder;
  fs::create_directory(folder / "a");
  fs::create_directory(folder / "b");
  const fs::path link = folder / "last";
  for (const char* target : {"a", "b", "b"}) {
    REQUIRE(imgcls::replace_link(target, link));
    CHECK(fs::read_symlink(link) == target);
    CHECK(fs::equivalent(link, folder / target));
  }
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 3);
  CHECK_THAT(refused([&] { imgcls::replace_link("a", folder / "b"); }), Contains("b"));
  CHECK_THAT(refused([&] { imgcls::replace_link("a", folder / "none/last"); }), Contains("last"));
}

TEST_CASE("replace_file keeps the old file when the new one cannot be created") {
  const imgcls::test::TempFolder folder;
  const fs::path path = folder.path() / "state.json";
  imgcls::replace_file(path, "old");
  fs::create_directory(folder.path() / "state.json.tmp");
  CHECK_THAT(refused([&] { imgcls::replace_file(path, "new"); }), Contains("state.json"));
  CHECK(imgcls::read_text(path) == "old");
}

TEST_CASE("replace_file keeps the old file when the folder is not writable") {
  if (::geteuid() == 0) {
    WARN("not tested as root, who may write everywhere");
    return;
  }
  const imgcls::test::TempFolder folder;
  const fs::path path = folder.path() / "state.json";
  imgcls::replace_file(path, "old");
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK_THAT(refused([&] { imgcls::replace_file(path, "new"); }), Contains("Permission denied"));
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(imgcls::read_text(path) == "old");
}

TEST_CASE("replace_file keeps the old file when the disk is full") {
  const imgcls::test::TempFolder folder;
  const fs::path path = folder.path() / "state.json";
  imgcls::replace_file(path, "old");
  std::string message;
  {
    const FileSizeLimit limit(4096);
    message = refused([&] { imgcls::replace_file(path, std::string(10'000, 'x')); });
  }
  CHECK_THAT(message, Contains("cannot write 10000 bytes (stopped after 4096)"));
  CHECK_THAT(message, Contains(path.string()));
  CHECK(imgcls::read_text(path) == "old");
}

TEST_CASE("replace_file names a folder that does not exist") {
  CHECK_THAT(refused([] { imgcls::replace_file("/nowhere/a", "x"); }), Contains("/nowhere/a"));
}

TEST_CASE("make_folders makes parents, and says why it cannot") {
  const imgcls::test::TempFolder folder;
  imgcls::make_folders(folder.path() / "a/b/c");
  CHECK(fs::is_directory(folder.path() / "a/b/c"));
  CHECK_NOTHROW(imgcls::make_folders(folder.path() / "a/b/c"));
  const std::string file = folder.write("file", "");
  CHECK_THAT(refused([&] { imgcls::make_folders(file + "/d"); }), Contains("Not a directory"));
}

TEST_CASE("replace_folder puts a folder in the place of another") {
  const imgcls::test::TempFolder folder;
  const fs::path target = folder.path() / "last", temporary = folder.path() / "last.tmp";
  for (const char* content : {"first", "second"}) {
    fs::create_directory(temporary);
    folder.write("last.tmp/file", content);
    imgcls::replace_folder(temporary, target);
    CHECK(imgcls::read_text(target / "file") == content);
    CHECK_FALSE(fs::exists(temporary));
  }
  CHECK_THAT(refused([&] { imgcls::replace_folder(temporary, target); }), Contains("last"));
  CHECK(imgcls::read_text(target / "file") == "second");
}

TEST_CASE("a replacement that ended between its steps is put right") {
  const imgcls::test::TempFolder folder;
  const fs::path target = folder.path() / "last", aside = folder.path() / ".last.old";
  imgcls::finish_replacement(target);  // nothing to do
  fs::create_directory(aside);
  folder.write(".last.old/file", "old");
  imgcls::finish_replacement(target);  // after the first step: the old one comes back
  CHECK(imgcls::read_text(target / "file") == "old");
  CHECK_FALSE(fs::exists(aside));
  fs::create_directory(aside);
  imgcls::finish_replacement(target);  // after the second: it goes
  CHECK(imgcls::read_text(target / "file") == "old");
  CHECK_FALSE(fs::exists(aside));
}

TEST_CASE("a lock is held by one") {
  const imgcls::test::TempFolder folder;
  using State = imgcls::FileLock::State;
  {
    const imgcls::FileLock first(folder.path() / "lock"), second(folder.path() / "lock");
    CHECK(first.state() == State::held);
    CHECK(second.state() == State::held_by_another);
  }
  CHECK(imgcls::FileLock(folder.path() / "lock").state() == State::held);
  CHECK_THAT(refused([] { imgcls::FileLock("/nowhere/lock"); }), Contains("/nowhere/lock"));
}

TEST_CASE("remove_tree removes what is there") {
  const imgcls::test::TempFolder folder;
  imgcls::make_folders(folder.path() / "a/b");
  folder.write("a/b/file", "");
  imgcls::remove_tree(folder.path() / "a");
  CHECK_FALSE(fs::exists(folder.path() / "a"));
  CHECK_NOTHROW(imgcls::remove_tree(folder.path() / "a"));
}
