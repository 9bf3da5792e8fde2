#include <imgcls/image/jpeg/scan.h>

#include <algorithm>
#include <cstdlib>

// The two inner loops below, compiled for the machine's shifts and bit tests as well.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define IMGCLS_CLONES __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define IMGCLS_CLONES
#endif

namespace imgcls::data {
namespace {

/// A DC coefficient beyond this is no photograph's.
constexpr int kMaxDc = 1 << 14;

// The value after a code: its bits, where a first bit of 0 means a negative number (T.81, F.2.2.1).
inline int value_of(std::uint64_t bits, HuffmanTable::Entry entry) {
  const std::uint64_t rest = bits << entry.code;
  const auto magnitude = static_cast<int>((rest >> 1) >> (63 - entry.value));
  const auto negative = static_cast<int>(~(static_cast<std::int64_t>(rest) >> 63));
  return magnitude + (negative & (1 - (1 << entry.value)));
}

inline bool decode_dc(BitReader& reader, const HuffmanTable& table, int& predictor) {
  reader.fill();
  const HuffmanTable::Entry entry = table.find(reader.bits());
  predictor += value_of(reader.bits(), entry);
  reader.skip(entry.total);
  return entry.total != 0 && std::abs(predictor) <= kMaxDc;
}

/// What came of a symbol.
enum class Next { more, end, broken };

// The symbol for AC coefficient `k` and, where `coefficients` are asked for, the coefficient.
template <bool kPass>
inline Next take_symbol(BitReader& reader, const HuffmanTable& table, unsigned& k,
                        [[maybe_unused]] std::int16_t* coefficients) {
  const std::uint64_t bits = reader.bits();
  const HuffmanTable::Entry entry = table.find(bits);
  if (entry.total == 0) return Next::broken;
  reader.skip(entry.total);
  const unsigned at = k + entry.run;
  if (at > 63) return entry.run == HuffmanTable::kEnd ? Next::end : Next::broken;
  if constexpr (!kPass) {
    coefficients[kNaturalOrder[at]] = static_cast<std::int16_t>(value_of(bits, entry));
  }
  k = at + 1;
  return k < 64 ? Next::more : Next::end;
}

// A block's AC coefficients. One filling lasts for two symbols, nearly always.
template <bool kPass>
inline bool take_ac(BitReader& reader, const HuffmanTable& table, ScanBlock& block) {
  unsigned k = 1;
  Next next = Next::more;
  while (next == Next::more) {
    reader.fill();
    next = take_symbol<kPass>(reader, table, k, block.coefficients);
    if (next != Next::more || !reader.has_symbol()) continue;
    next = take_symbol<kPass>(reader, table, k, block.coefficients);
  }
  block.flat = k == 1;
  return next == Next::end;
}

}  // namespace

bool JpegScan::open(std::span<const std::byte> file, const JpegFrame& frame) {
  file_ = file;
  frame_ = &frame;
  block_count_ = 0;
  std::array<bool, 4> dc_built{}, ac_built{};
  for (std::size_t c = 0; c < static_cast<std::size_t>(frame.components); ++c) {
    const auto dc = static_cast<std::size_t>(frame.component[c].dc_table);
    const auto ac = static_cast<std::size_t>(frame.component[c].ac_table);
    if (!dc_built[dc] && !dc_tables_[dc].build(frame.dc_codes[dc], true)) return false;
    if (!ac_built[ac] && !ac_tables_[ac].build(frame.ac_codes[ac], false)) return false;
    dc_built[dc] = ac_built[ac] = true;
    const int count = c == 0 ? frame.h * frame.v : 1;
    for (int i = 0; i < count; ++i) tables_[block_count_++] = {&dc_tables_[dc], &ac_tables_[ac], c};
  }
  go_to(0, {{static_cast<std::uint32_t>(frame.scan), 0}, {}});
  return true;
}

void JpegScan::go_to(int mcu, const ScanState& state) {
  reader_ = BitReader(file_, state.position);
  for (std::size_t c = 0; c < 3; ++c) predictors_[c] = state.predictors[c];
  next_mcu_ = mcu;
}

ScanState JpegScan::state() const {
  ScanState state{reader_.position(), {}};
  for (std::size_t c = 0; c < 3; ++c) {
    state.predictors[c] = static_cast<std::int16_t>(predictors_[c]);
  }
  return state;
}

// A restart marker stands before each MCU whose number is a multiple of the interval, but the
// first.
bool JpegScan::restart() {
  const int interval = frame_->restart_interval;
  if (next_mcu_ == 0 || next_mcu_ % interval != 0) return true;
  predictors_.fill(0);
  return reader_.restart((next_mcu_ / interval - 1) % 8);
}

IMGCLS_CLONES bool JpegScan::decode(std::span<ScanBlock> blocks) {
  if (frame_->restart_interval != 0 && !restart()) return false;
  // The loops work on copies that stay in registers.
  BitReader reader = reader_;
  for (std::size_t i = 0; i < block_count_; ++i) {
    const BlockTables& tables = tables_[i];
    ScanBlock& block = blocks[i];
    int& predictor = predictors_[tables.component];
    if (!decode_dc(reader, *tables.dc, predictor)) return false;
    if (block.coefficients) {
      block.coefficients[0] = static_cast<std::int16_t>(predictor);
      if (!take_ac<false>(reader, *tables.ac, block)) return false;
    } else if (!take_ac<true>(reader, *tables.ac, block)) {
      return false;
    }
  }
  ++next_mcu_;
  reader_ = reader;
  return !reader.overrun();
}

bool JpegScan::pass(int count) {
  const int interval = frame_->restart_interval;
  if (interval == 0) return pass_between_restarts(count);
  while (count > 0) {
    const int part = std::min(count, interval - next_mcu_ % interval);
    if (!restart() || !pass_between_restarts(part)) return false;
    count -= part;
  }
  return true;
}

IMGCLS_CLONES bool JpegScan::pass_between_restarts(int count) {
  BitReader reader = reader_;
  ScanBlock passed;
  for (; count > 0; --count, ++next_mcu_) {
    for (std::size_t i = 0; i < block_count_; ++i) {
      const BlockTables& tables = tables_[i];
      if (!decode_dc(reader, *tables.dc, predictors_[tables.component])) return false;
      if (!take_ac<true>(reader, *tables.ac, passed)) return false;
    }
    if (reader.overrun()) return false;
  }
  reader_ = reader;
  return true;
}

}  // namespace imgcls::data
