#include <imgcls/kernels/single_convolution.h>
#include <imgcls/kernels/used_convolutions.h>

#include <ATen/record_function.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace imgcls::kernels {
namespace {

bool is_same_kind(const UsedConvolution& a, const UsedConvolution& b) {
  const auto all = [](const UsedConvolution& c) {
    return std::tie(c.input, c.weight, c.stride, c.padding, c.dilation, c.groups, c.channels_last,
                    c.wants_input_gradient);
  };
  return all(a) == all(b);
}

/// Of one number for both directions, two.
std::vector<std::int64_t> down_and_across(std::vector<std::int64_t> values) {
  if (values.size() == 1) values.push_back(values[0]);
  return values;
}

/// Those that this thread computes while it lives.
class Collector {
 public:
  explicit Collector(const at::Tensor& images) : images_(images), before_(current()) {
    current() = this;
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(see).needsInputs(true).scopes({at::RecordScope::FUNCTION}));
  }
  ~Collector() {
    at::removeCallback(handle_);
    current() = before_;
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  std::vector<UsedConvolution> found() && { return std::move(found_); }

 private:
  static Collector*& current() {
    thread_local Collector* collector = nullptr;
    return collector;
  }

  static std::unique_ptr<at::ObserverContext> see(const at::RecordFunction& function) {
    if (std::string_view(function.name()) == "aten::convolution") {
      current()->add(function.inputs());
    }
    return nullptr;
  }

  // As aten::convolution's signature has them: input, weight, bias, stride, padding, dilation,
  // transposed, output_padding, groups.
  void add(c10::ArrayRef<const c10::IValue> inputs) {
    const at::Tensor &input = inputs[0].toTensor(), &weight = inputs[1].toTensor();
    if (input.dim() != 4 || inputs[6].toBool()) return;
    const UsedConvolution convolution{.input = input.sizes().vec(),
                                      .weight = weight.sizes().vec(),
                                      .stride = down_and_across(inputs[3].toIntVector()),
                                      .padding = down_and_across(inputs[4].toIntVector()),
                                      .dilation = down_and_across(inputs[5].toIntVector()),
                                      .groups = inputs[8].toInt(),
                                      .channels_last = is_plain(input) && is_plain(weight),
                                      .wants_input_gradient = !input.is_alias_of(images_)};
    const auto same = std::ranges::find_if(
        found_, [&](const UsedConvolution& other) { return is_same_kind(other, convolution); });
    if (same != found_.end()) {
      ++same->count;
    } else {
      found_.push_back(convolution);
    }
  }

  at::Tensor images_;
  std::vector<UsedConvolution> found_;
  Collector* before_;
  at::CallbackHandle handle_ = 0;
};

}  // namespace

std::vector<std::int64_t> UsedConvolution::output_sizes() const {
  std::vector<std::int64_t> sizes{input[0], weight[0]};
  for (const std::size_t i : {0U, 1U}) {
    const std::int64_t extent = dilation[i] * (weight[i + 2] - 1) + 1;
    sizes.push_back((input[i + 2] + 2 * padding[i] - extent) / stride[i] + 1);
  }
  return sizes;
}

double UsedConvolution::operations() const {
  const std::vector<std::int64_t> out = output_sizes();
  return 2.0 * static_cast<double>(out[0] * out[2] * out[3]) *
         static_cast<double>(weight[0] * weight[1] * weight[2] * weight[3]);
}

std::vector<UsedConvolution> convolutions_of(const at::Tensor& images,
                                             const std::function<void()>& forward) {
  Collector collector(images);
  forward();
  return std::move(collector).found();
}

}  // namespace imgcls::kernels
