// The loop that turns hues, as pixel_loops.h has the others, which includes this file. Internal to
// imgcls::data.

#include <imgcls/augment/pixel_kernels.h>

namespace imgcls::data {
namespace {

using Byte = std::uint8_t;

// Pixels by channel, so that each loop is one over neighbours.
constexpr std::size_t kHues = 64;
struct HueBlock {
  Byte first[kHues], second[kHues], third[kHues];  // R, G, B or H, S, V
};

// Pillow's rgb2hsv_row: single precision, with double precision in between where its C has it. The
// channel that is greatest has a distance of 0 from the greatest, so only two divisions are left;
// grey pixels come out as 0, 0, v without a case of their own.
inline void to_hsv(HueBlock& block) {
  for (std::size_t i = 0; i < kHues; ++i) {
    const int red = block.first[i], green = block.second[i], blue = block.third[i];
    int most = red > green ? red : green, least = red < green ? red : green;
    most = most > blue ? most : blue;
    least = least < blue ? least : blue;
    const bool is_red = red == most, is_green = green == most;
    const int sector = is_red ? 0 : is_green ? 2 : 4;
    const int added = most - (is_red ? blue : is_green ? red : green);
    const int taken = most - (is_red ? green : is_green ? blue : red);
    const auto range = static_cast<float>(most > least ? most - least : 1);
    const float x = static_cast<float>(added) / range, y = static_cast<float>(taken) / range;
    const auto sixths = static_cast<float>(static_cast<double>(sector) + x - y);
    const double turns = static_cast<double>(sixths) / 6.0 + 1.0;  // 5/6 to 11/6
    const auto turn = static_cast<float>(turns >= 1.0 ? turns - 1.0 : turns);
    const float saturation =
        static_cast<float>(most - least) / static_cast<float>(most > 0 ? most : 1);
    block.first[i] = static_cast<Byte>(static_cast<int>(static_cast<double>(turn) * 255.0));
    block.second[i] = static_cast<Byte>(static_cast<int>(static_cast<double>(saturation) * 255.0));
    block.third[i] = static_cast<Byte>(most);
  }
}

// C's round() of what is not negative, without a call.
inline int rounded(double value) {
  const int whole = static_cast<int>(value);
  return whole + (value - static_cast<double>(whole) >= 0.5 ? 1 : 0);
}

// Pillow's hsv2rgb. Without saturation all three values come out as v.
inline void to_rgb(HueBlock& block) {
  for (std::size_t i = 0; i < kHues; ++i) {
    const int v = block.third[i];
    const double sixths = static_cast<double>(static_cast<float>(block.first[i])) * 6.0 / 255.0;
    const int sector = static_cast<int>(sixths);
    const auto part = static_cast<float>(sixths - static_cast<double>(sector));
    const auto saturation =
        static_cast<float>(static_cast<double>(static_cast<float>(block.second[i])) / 255.0);
    const double value = v;
    const int p = rounded(value * (1.0 - static_cast<double>(saturation)));
    const int q = rounded(value * (1.0 - static_cast<double>(saturation * part)));
    const int t = rounded(
        value * (1.0 - static_cast<double>(saturation) * (1.0 - static_cast<double>(part))));
    // By turns of a sixth: (v, t, p), (q, v, p), (p, v, t), (p, q, v), (t, p, v), (v, p, q).
    int red = sector == 1 ? q : v, green = sector == 3 ? q : t, blue = sector == 5 ? q : p;
    red = (sector == 2) | (sector == 3) ? p : red;
    red = sector == 4 ? t : red;
    green = (sector == 1) | (sector == 2) ? v : green;
    green = (sector == 4) | (sector == 5) ? p : green;
    blue = (sector == 3) | (sector == 4) ? v : blue;
    blue = sector == 2 ? t : blue;
    block.first[i] = static_cast<Byte>(red);
    block.second[i] = static_cast<Byte>(green);
    block.third[i] = static_cast<Byte>(blue);
  }
}

void turn_hue(Byte* data, std::size_t pixels, Byte shift) {
  HueBlock block = {};
  while (pixels > 0) {
    const std::size_t count = pixels < kHues ? pixels : kHues;
    for (std::size_t i = 0; i < count; ++i) {
      block.first[i] = data[3 * i];
      block.second[i] = data[3 * i + 1];
      block.third[i] = data[3 * i + 2];
    }
    to_hsv(block);
    for (std::size_t i = 0; i < kHues; ++i) {
      block.first[i] = static_cast<Byte>(block.first[i] + shift);
    }
    to_rgb(block);
    for (std::size_t i = 0; i < count; ++i) {
      data[3 * i] = block.first[i];
      data[3 * i + 1] = block.second[i];
      data[3 * i + 2] = block.third[i];
    }
    pixels -= count;
    data += 3 * count;
  }
}

}  // namespace
}  // namespace imgcls::data
