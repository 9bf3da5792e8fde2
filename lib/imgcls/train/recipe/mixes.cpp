#include <imgcls/train/recipe/draws.h>
#include <imgcls/train/recipe/mix.h>
#include <imgcls/train/recipe/mixes.h>

#include <ATen/ops/arange.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>

namespace imgcls::train {
namespace {

/// For each pair, or for all: P x 1 x 1 x 1, or one value.
at::Tensor by_pair(std::span<const float> values, const at::Tensor& like) {
  return on_device(values, like.device()).view({-1, 1, 1, 1});
}

Mix mixup(const std::any& own) {
  const double alpha = OwnFields::own_options<MixupOptions>(own).alpha;
  return [alpha](const at::Tensor& first, const at::Tensor& second, std::span<Random> draws) {
    std::vector<float> shares, others;
    for (Random& random : draws) {
      const double share = beta(random, alpha, alpha);
      shares.push_back(static_cast<float>(share));
      others.push_back(static_cast<float>(1 - share));
    }
    const at::ScalarType type = first.scalar_type();
    const at::Tensor share = by_pair(shares, first).to(type);
    const at::Tensor other = by_pair(others, first).to(type);
    return Mixed{.first = first.mul(share).add_(second.mul(other)),
                 .second = second.mul(share).add_(first.mul(other)),
                 .shares = on_device(shares, first.device())};
  };
}

struct Box {
  std::int64_t top, bottom, left, right;  // half open
};

/// Whether a pixel lies in the box: P x 1 x H x W, or 1 x 1 x H x W.
at::Tensor inside(const std::vector<Box>& boxes, const at::Tensor& images) {
  const auto edges = [&](std::int64_t Box::*edge) {
    std::vector<std::int64_t> values;
    for (const Box& box : boxes) values.push_back(box.*edge);
    return on_device(values, images.device()).view({-1, 1, 1, 1});
  };
  const auto places = [&](std::int64_t side) {
    return at::arange(side, at::TensorOptions().dtype(at::kLong).device(images.device()));
  };
  const at::Tensor y = places(images.size(2)).view({1, 1, -1, 1});
  const at::Tensor x = places(images.size(3)).view({1, 1, 1, -1});
  return y.ge(edges(&Box::top))
      .logical_and(y.lt(edges(&Box::bottom)))
      .logical_and(x.ge(edges(&Box::left)))
      .logical_and(x.lt(edges(&Box::right)));
}

float share_left(const Box& box, const at::Tensor& images) {
  const auto area = static_cast<double>((box.bottom - box.top) * (box.right - box.left));
  return static_cast<float>(1 - area / static_cast<double>(images.size(2) * images.size(3)));
}

Mix cutmix(const std::any& own) {
  const double alpha = OwnFields::own_options<CutmixOptions>(own).alpha;
  return [alpha](const at::Tensor& first, const at::Tensor& second, std::span<Random> draws) {
    const std::int64_t height = first.size(2), width = first.size(3);
    std::vector<Box> boxes;
    std::vector<float> shares;
    for (Random& random : draws) {
      const double half = 0.5 * std::sqrt(1 - beta(random, alpha, alpha));
      const auto x = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(width)));
      const auto y = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(height)));
      const auto half_width = static_cast<std::int64_t>(half * static_cast<double>(width));
      const auto half_height = static_cast<std::int64_t>(half * static_cast<double>(height));
      boxes.push_back({std::max<std::int64_t>(0, y - half_height),
                       std::min(height, y + half_height), std::max<std::int64_t>(0, x - half_width),
                       std::min(width, x + half_width)});
      shares.push_back(share_left(boxes.back(), first));
    }
    const at::Tensor mask = inside(boxes, first);
    return Mixed{.first = at::where(mask, second, first),
                 .second = at::where(mask, first, second),
                 .shares = on_device(shares, first.device())};
  };
}

/// `onto` with `small` in the box.
at::Tensor pasted(const at::Tensor& onto, const at::Tensor& small, const Box& box) {
  at::Tensor made = onto.clone();
  made.slice(2, box.top, box.bottom)
      .slice(3, box.left, box.right)
      .copy_(at::upsample_bilinear2d(small, {box.bottom - box.top, box.right - box.left},
                                     /*align_corners=*/false));
  return made;
}

Mix resize_mix(const std::any& own) {
  const auto options = OwnFields::own_options<ResizeMixOptions>(own);
  return [options](const at::Tensor& first, const at::Tensor& second, std::span<Random> draws) {
    Mixed mixed{.first = first.clone(), .second = second.clone(), .shares = {}};
    std::vector<float> shares;
    for (std::size_t i = 0; i < draws.size(); ++i) {
      const double scale = draws[i].uniform(options.least, options.greatest);
      const auto side = [&](std::int64_t whole) {
        return std::max<std::int64_t>(
            1, static_cast<std::int64_t>(scale * static_cast<double>(whole)));
      };
      const auto corner = [&](std::int64_t room) {
        return static_cast<std::int64_t>(draws[i].below(static_cast<std::uint64_t>(room + 1)));
      };
      const std::int64_t height = side(first.size(2)), width = side(first.size(3));
      const std::int64_t top = corner(first.size(2) - height), left = corner(first.size(3) - width);
      const Box box{top, top + height, left, left + width};
      shares.push_back(share_left(box, first));
      const auto those = [&](const at::Tensor& images) {
        return draws.size() == 1 ? images : images.narrow(0, static_cast<std::int64_t>(i), 1);
      };
      those(mixed.first).copy_(pasted(those(first), those(second), box));
      those(mixed.second).copy_(pasted(those(second), those(first), box));
    }
    mixed.shares = on_device(shares, first.device());
    return mixed;
  };
}

}  // namespace

const OptionFields<MixupOptions>& mixup_fields() {
  using O = MixupOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("alpha", &O::alpha, "Of the Beta distribution from which shares are drawn.",
          {.above = 0, .maximum = 1000});
    return f;
  }();
  return fields;
}

const OptionFields<CutmixOptions>& cutmix_fields() {
  using O = CutmixOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add("alpha", &O::alpha, "Of the Beta distribution from which areas are drawn.",
          {.above = 0, .maximum = 1000});
    return f;
  }();
  return fields;
}

const OptionFields<ResizeMixOptions>& resize_mix_fields() {
  using O = ResizeMixOptions;
  static const OptionFields<O> fields = [] {
    OptionFields<O> f;
    f.add_range("scale", &O::least, &O::greatest,
                "Least and greatest side of the small image, as a share of the side.",
                {.above = 0, .maximum = 1});
    return f;
  }();
  return fields;
}

Registry<MixEntry>& mixes() {
  static Registry<MixEntry> known(
      "mix", "kinds",
      {
          {"cutmix", "A box of the partner's (arXiv:1905.04899)", cutmix_fields(), cutmix},
          {"mixup", "Images added in proportion (arXiv:1710.09412)", mixup_fields(), mixup},
          {"resize_mix", "The partner made smaller (arXiv:2012.11101)", resize_mix_fields(),
           resize_mix},
      });
  return known;
}

}  // namespace imgcls::train
