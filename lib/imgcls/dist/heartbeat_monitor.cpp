#include <fmt/format.h>
#include <imgcls/core/error.h>
#include <imgcls/core/log.h>
#include <imgcls/dist/heartbeat_monitor.h>
#include <imgcls/dist/world.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

namespace imgcls::dist {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Deaths show first: a collective that failed because of one is judged a little later.
constexpr milliseconds kBeforeJudging{500};
// How long a failed collective waits for the verdict.
constexpr milliseconds kForVerdict{2000};
// How long a rank may take to end by itself after a verdict.
constexpr milliseconds kToEnd{3000};
constexpr std::size_t kLongestReason = 4000;

std::string one_line(std::string_view text) {
  std::string line(text.substr(0, kLongestReason));
  std::replace(line.begin(), line.end(), '\n', '\x1f');
  return line;
}

std::string as_said(std::string line) {
  std::replace(line.begin(), line.end(), '\x1f', '\n');
  return line;
}

}  // namespace

class HeartbeatMonitor::Thread {
 public:
  Thread(HeartbeatOptions options, std::map<int, Socket>&& sockets, std::function<void()> give_up);
  ~Thread();

  void add(const Transport& transport);
  void explain(const Transport& transport, std::string_view what, const Unanswered& failure);
  void fail(std::string_view reason);
  void leave();

 private:
  /// The other end of a connection.
  struct Peer {
    Socket socket;
    std::string input;
    steady_clock::time_point heard = steady_clock::now();
    std::vector<std::int64_t> begun;  // of each channel
    bool warned = false;              // of its silence
    bool gone = false;                // said goodbye, or is lost
  };
  /// A collective that took too long.
  struct Late {
    int rank = 0;
    std::size_t channel = 0;
    std::int64_t number = 0;
    std::string what;
    steady_clock::time_point since;
  };

  bool is_first() const { return options_.rank == 0; }
  // A launcher that loses a machine may end the ranks there long before the time limit: then this
  // is what tells why.
  double warn_after() const { return std::min(4.0, options_.timeout_s / 2); }
  void post(const std::string& line);
  std::size_t channel_of(const Transport& transport);
  std::optional<std::string> wait_for_verdict(milliseconds at_most);
  void run();
  void wait_for_news();
  void read_from(int rank, Peer& peer);
  void hear(int rank, const std::string& line);
  void note_beat(int rank, std::istringstream& words);
  void note_late(int rank, std::istringstream& words);
  void send_to(Peer& peer, const std::string& line);
  void send_posted();
  void send_beats();
  void check_silence();
  void judge_late();
  std::string verdict_on(const Late& late);
  void decide(const std::string& verdict, bool speak);
  void end_if_stuck();

  HeartbeatOptions options_;
  std::function<void()> give_up_;
  std::map<int, Peer> peers_;  // the thread's alone, as is all down to the mutex
  std::optional<Late> late_;
  steady_clock::time_point last_beat_{};
  Socket wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};

  std::mutex mutex_;
  std::condition_variable decided_;
  std::vector<const Transport*> channels_;
  std::vector<std::string> posted_;
  std::optional<std::string> verdict_;
  steady_clock::time_point verdict_time_{};
  bool stopping_ = false;
  std::thread thread_;
};

HeartbeatMonitor::Thread::Thread(HeartbeatOptions options, std::map<int, Socket>&& sockets,
                                 std::function<void()> give_up)
    : options_(options), give_up_(std::move(give_up)) {
  for (auto& [rank, socket] : sockets) peers_[rank].socket = std::move(socket);
  thread_ = std::thread([this] { run(); });
}

HeartbeatMonitor::Thread::~Thread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  post("");
  thread_.join();
}

// ---- what the rank's own threads call -----------------------------------------------------------

void HeartbeatMonitor::Thread::add(const Transport& transport) {
  const std::lock_guard lock(mutex_);
  channels_.push_back(&transport);
}

void HeartbeatMonitor::Thread::post(const std::string& line) {
  {
    const std::lock_guard lock(mutex_);
    if (!line.empty()) posted_.push_back(line);
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
}

std::optional<std::string> HeartbeatMonitor::Thread::wait_for_verdict(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  decided_.wait_for(lock, at_most, [this] { return verdict_.has_value(); });
  return verdict_;
}

void HeartbeatMonitor::Thread::explain(const Transport& transport, std::string_view what,
                                       const Unanswered& failure) {
  using Reason = Unanswered::Reason;
  std::optional<std::string> verdict =
      wait_for_verdict(failure.reason() == Reason::lost ? kBeforeJudging : milliseconds(0));
  if (!verdict && failure.reason() == Reason::given_up) return;
  if (!verdict) {
    post(failure.reason() == Reason::lost
             ? "error " + one_line(failure.what())
             : fmt::format("late {} {} {}", channel_of(transport), transport.begun(), what));
    verdict = wait_for_verdict(kForVerdict);
  }
  if (verdict) throw RankFailure(*verdict);
}

std::size_t HeartbeatMonitor::Thread::channel_of(const Transport& transport) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(channels_.begin(), channels_.end(), &transport);
  return static_cast<std::size_t>(found - channels_.begin());
}

void HeartbeatMonitor::Thread::fail(std::string_view reason) {
  post("error " + one_line(reason));
  if (!wait_for_verdict(kForVerdict)) {
    Log().error(fmt::format("rank {}: {}", options_.rank, reason));
  }
}

void HeartbeatMonitor::Thread::leave() {
  post("bye");
}

// ---- the thread ---------------------------------------------------------------------------------

void HeartbeatMonitor::Thread::run() {
  for (;;) {
    wait_for_news();
    for (auto& [rank, peer] : peers_) {
      if (!peer.gone) read_from(rank, peer);
    }
    send_posted();
    send_beats();
    check_silence();
    judge_late();
    end_if_stuck();
    const std::lock_guard lock(mutex_);
    if (stopping_ && posted_.empty()) return;
  }
}

void HeartbeatMonitor::Thread::wait_for_news() {
  std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
  for (const auto& [rank, peer] : peers_) {
    if (!peer.gone) polled.push_back({peer.socket.get(), POLLIN, 0});
  }
  const double interval = late_ ? 0.1 : std::min(1.0, options_.timeout_s / 5);
  ::poll(polled.data(), polled.size(), std::max(1, static_cast<int>(interval * 1000)));
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &ignored, sizeof(ignored));
}

void HeartbeatMonitor::Thread::read_from(int rank, Peer& peer) {
  std::array<char, 4096> piece{};
  ssize_t got = 0;
  while ((got = ::recv(peer.socket.get(), piece.data(), piece.size(), 0)) > 0) {
    peer.heard = steady_clock::now();
    peer.input.append(piece.data(), static_cast<std::size_t>(got));
  }
  const bool lost = got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
  for (std::size_t end = 0; (end = peer.input.find('\n')) != std::string::npos;) {
    const std::string line = peer.input.substr(0, end);
    peer.input.erase(0, end + 1);
    hear(rank, line);
  }
  if (!lost || peer.gone) return;
  peer.gone = true;
  decide(
      fmt::format("rank {} ended without a word: it was killed, crashed, or left by itself", rank),
      is_first() || options_.speaks_without_first);
}

void HeartbeatMonitor::Thread::hear(int rank, const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  words.get();  // the space before what follows
  const std::string rest = line.size() > kind.size() ? line.substr(kind.size() + 1) : "";
  if (kind == "beat") note_beat(rank, words);
  if (kind == "late" && is_first()) note_late(rank, words);
  if (kind == "error" && is_first()) decide(fmt::format("rank {}: {}", rank, as_said(rest)), true);
  if (kind == "verdict") decide(as_said(rest), false);
  if (kind == "bye" && rank != options_.rank) peers_[rank].gone = true;
}

void HeartbeatMonitor::Thread::note_beat(int rank, std::istringstream& words) {
  Peer& peer = peers_[rank];
  peer.begun.clear();
  for (std::int64_t begun = 0; words >> begun;) peer.begun.push_back(begun);
}

void HeartbeatMonitor::Thread::note_late(int rank, std::istringstream& words) {
  if (late_) return;
  Late late{.rank = rank, .what = {}, .since = steady_clock::now()};
  words >> late.channel >> late.number;
  words.get();
  std::getline(words, late.what);
  late_ = late;
}

void HeartbeatMonitor::Thread::send_to(Peer& peer, const std::string& line) {
  if (peer.gone) return;
  // A peer that reads nothing gets nothing more: its silence is noticed by other means.
  [[maybe_unused]] const ssize_t sent =
      ::send(peer.socket.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// What this rank's threads have to say: rank 0 tells itself, the others rank 0.
void HeartbeatMonitor::Thread::send_posted() {
  std::vector<std::string> lines;
  {
    const std::lock_guard lock(mutex_);
    lines.swap(posted_);
  }
  for (const std::string& line : lines) {
    if (is_first() && line != "bye") {
      hear(options_.rank, line);
    } else {
      for (auto& [rank, peer] : peers_) send_to(peer, line + '\n');
    }
    if (line == "bye") {
      for (auto& [rank, peer] : peers_) peer.gone = true;
    }
  }
}

void HeartbeatMonitor::Thread::send_beats() {
  const auto now = steady_clock::now();
  if (duration<double>(now - last_beat_).count() < std::min(1.0, options_.timeout_s / 5)) return;
  last_beat_ = now;
  std::string beat = "beat";
  {
    const std::lock_guard lock(mutex_);
    for (const Transport* channel : channels_) beat += fmt::format(" {}", channel->begun());
  }
  for (auto& [rank, peer] : peers_) send_to(peer, beat + '\n');
}

void HeartbeatMonitor::Thread::check_silence() {
  const bool speaks = is_first() || options_.speaks_without_first;
  for (auto& [rank, peer] : peers_) {
    if (peer.gone) continue;
    const double silent = duration<double>(steady_clock::now() - peer.heard).count();
    if (silent < warn_after()) peer.warned = false;
    if (silent > options_.timeout_s) {
      peer.gone = true;
      decide(fmt::format("rank {} has been silent for {:g} s: it is stopped, or its machine or the "
                         "network to it is gone",
                         rank, options_.timeout_s),
             speaks);
    } else if (silent > warn_after() && speaks && !std::exchange(peer.warned, true)) {
      Log().warn(
          fmt::format("rank {} has been silent for {:g} s; the job ends when it stays so for "
                      "{:g} s",
                      rank, warn_after(), options_.timeout_s));
    }
  }
}

void HeartbeatMonitor::Thread::judge_late() {
  if (!is_first() || !late_ || steady_clock::now() - late_->since < kBeforeJudging) return;
  decide(verdict_on(*late_), true);
}

std::string HeartbeatMonitor::Thread::verdict_on(const Late& late) {
  const std::lock_guard lock(mutex_);
  std::string missing;
  const auto note = [&](int rank, std::int64_t begun) {
    if (begun < late.number) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", rank);
  };
  for (const auto& [rank, peer] : peers_) {
    if (rank != late.rank && late.channel < peer.begun.size()) note(rank, peer.begun[late.channel]);
  }
  if (late.rank != 0 && late.channel < channels_.size()) note(0, channels_[late.channel]->begun());
  if (missing.empty()) {
    return fmt::format(
        "rank {}: {} did not finish within {:g} s, though all ranks take part: is the "
        "network between them sound?",
        late.rank, late.what, options_.timeout_s);
  }
  return fmt::format(
      "rank {} waited {:g} s for rank {} to come to the {}: it is stuck, or at "
      "another point of the program",
      late.rank, options_.timeout_s, missing, late.what);
}

// The first verdict counts. It is said and sent before this rank's other threads learn of it: they
// may end the process at once.
void HeartbeatMonitor::Thread::decide(const std::string& verdict, bool speak) {
  {
    const std::lock_guard lock(mutex_);
    if (verdict_ || stopping_) return;
  }
  if (speak) Log().error(verdict);
  if (is_first()) {
    for (auto& [rank, peer] : peers_) send_to(peer, "verdict " + one_line(verdict) + '\n');
  }
  {
    const std::lock_guard lock(mutex_);
    verdict_ = verdict;
    verdict_time_ = steady_clock::now();
  }
  decided_.notify_all();
  give_up_();
}

void HeartbeatMonitor::Thread::end_if_stuck() {
  const std::lock_guard lock(mutex_);
  if (!verdict_ || stopping_ || steady_clock::now() - verdict_time_ < kToEnd) return;
  std::_Exit(EXIT_FAILURE);
}

HeartbeatMonitor::HeartbeatMonitor(HeartbeatOptions options, std::map<int, Socket> peers,
                                   std::function<void()> give_up)
    : thread_(std::make_unique<Thread>(options, std::move(peers), std::move(give_up))) {}

HeartbeatMonitor::~HeartbeatMonitor() = default;

void HeartbeatMonitor::add(const Transport& transport) {
  thread_->add(transport);
}

void HeartbeatMonitor::explain(const Transport& transport, std::string_view what,
                               const Unanswered& failure) {
  thread_->explain(transport, what, failure);
}

void HeartbeatMonitor::fail(std::string_view reason) {
  thread_->fail(reason);
}

void HeartbeatMonitor::leave() {
  thread_->leave();
}

}  // namespace imgcls::dist
