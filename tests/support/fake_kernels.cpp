// The fake device's kernels: whatever operator has none of its own runs the CPU's.
#include "fake_kernels.h"

#include "fake_memory.h"

#include <ATen/EmptyTensor.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/ops/_local_scalar_dense.h>
#include <ATen/ops/_reshape_alias_native.h>
#include <ATen/ops/as_strided_cpu_dispatch.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/set_cpu_dispatch.h>
#include <ATen/ops/set_native.h>
#include <ATen/ops/view_native.h>
#include <torch/library.h>

#include <algorithm>
#include <set>

namespace imgcls::test::fake {
namespace {

constexpr c10::DispatchKeySet kDeviceKeys(c10::DispatchKey::PrivateUse1);

// Of any device, with the layout of another.
at::Tensor tensor_like(const at::Tensor& like, const c10::Storage& storage,
                       c10::DispatchKeySet keys) {
  auto tensor = at::detail::make_tensor<c10::TensorImpl>(c10::Storage(storage), keys, like.dtype());
  c10::TensorImpl* const impl = tensor.unsafeGetTensorImpl();
  impl->set_sizes_and_strides(like.sizes(), like.strides(), like.storage_offset());
  if (like.unsafeGetTensorImpl()->is_wrapped_number()) impl->set_wrapped_number(true);
  return tensor;
}

c10::Storage cpu_storage(const at::Tensor& of_device) {
  const c10::Storage& storage = of_device.storage();
  if (const Block* block = block_of(storage.data_ptr())) return block->cpu;
  return c10::make_intrusive<c10::StorageImpl>(
      c10::StorageImpl::use_byte_size_t(), storage.nbytes(),
      c10::DataPtr(storage.mutable_data(), c10::DeviceType::CPU), nullptr, /*resizable=*/false);
}

// The bytes that a tensor reaches over.
std::size_t extent(const at::Tensor& tensor) {
  if (tensor.numel() == 0) return 0;
  std::int64_t last = 0;
  for (std::int64_t i = 0; i < tensor.dim(); ++i) last += (tensor.size(i) - 1) * tensor.stride(i);
  return static_cast<std::size_t>(last + 1) * tensor.itemsize();
}

}  // namespace

at::Tensor Kernel::argument(const at::Tensor& tensor, bool writes) {
  if (!tensor.defined() || !tensor.is_privateuseone()) return tensor;
  for (Argument& known : arguments_) {
    if (!known.device.is_same(tensor)) continue;
    known.writes = known.writes || writes;
    return known.cpu;
  }
  // Of one storage where the device's are of one.
  c10::Storage storage;
  for (const Argument& known : arguments_) {
    if (known.device.is_alias_of(tensor)) storage = known.cpu.storage();
  }
  if (!storage) storage = cpu_storage(tensor);
  constexpr c10::DispatchKeySet keys(c10::DispatchKey::CPU);
  arguments_.push_back({tensor, tensor_like(tensor, storage, keys), writes});
  return arguments_.back().cpu;
}

void Kernel::use(const at::Tensor& of_device, bool writes) {
  if (Block* block = block_of(of_device.storage().data_ptr())) {
    fake::use(*block, *work_, of_device.const_data_ptr(), extent(of_device), writes);
  }
}

void Kernel::launch(bool counted) {
  work_ = fake::launch(name_, counted);
  for (const Argument& argument : arguments_) use(argument.device, argument.writes);
}

void Kernel::finish() {
  for (const Argument& argument : arguments_) {
    const at::Tensor& device = argument.device;
    const at::Tensor& cpu = argument.cpu;
    const bool moved = cpu.storage().data() != device.storage().data();
    follow_memory(device.storage());
    if (cpu.sizes() != device.sizes() || cpu.strides() != device.strides() ||
        cpu.storage_offset() != device.storage_offset()) {
      device.unsafeGetTensorImpl()->set_sizes_and_strides(cpu.sizes(), cpu.strides(),
                                                          cpu.storage_offset());
    }
    if (moved && work_) use(device, argument.writes);
  }
}

at::Tensor Kernel::result(const at::Tensor& of_cpu) {
  if (!of_cpu.defined()) return of_cpu;
  c10::Storage storage;
  for (const Argument& argument : arguments_) {
    if (of_cpu.is_same(argument.cpu)) return argument.device;
    if (of_cpu.is_alias_of(argument.cpu)) storage = argument.device.storage();
  }
  for (const auto& [cpu, device] : results_) {
    if (of_cpu.storage().is_alias_of(cpu)) storage = device;
  }
  const bool is_new = !storage;
  if (is_new) {
    storage = device_storage(of_cpu.storage());
    results_.emplace_back(of_cpu.storage(), storage);
  }
  at::Tensor tensor = tensor_like(of_cpu, storage, kDeviceKeys);
  if (is_new && work_) use(tensor, true);
  return tensor;
}

namespace {

// Operators whose CUDA kernels have the host wait, to know how large their result is.
bool waits_for_size(const std::string& name, const std::vector<c10::IValue>& arguments) {
  static const std::set<std::string> always{"aten::nonzero",    "aten::masked_select",
                                            "aten::_unique",    "aten::_unique2",
                                            "aten::unique_dim", "aten::unique_consecutive",
                                            "aten::bincount",   "aten::unique_dim_consecutive"};
  if (name == "aten::repeat_interleave") {
    return std::none_of(arguments.begin(), arguments.end(), [](const c10::IValue& value) {
      return value.isInt();  // the size, told
    });
  }
  if (name == "aten::_index_put_impl_") {
    const auto indices = arguments.at(1).toOptionalTensorVector();
    return std::any_of(indices.begin(), indices.end(), [](const std::optional<at::Tensor>& index) {
      return index && index->defined() &&
             (index->scalar_type() == at::kBool || index->scalar_type() == at::kByte);
    });
  }
  return always.count(name) > 0;
}

// Changes what tensors say of their memory, and not the memory.
bool is_metadata(const c10::FunctionSchema& schema) {
  const auto& returns = schema.returns();
  return schema.name() == "aten::resize_" ||
         std::any_of(returns.begin(), returns.end(), [](const c10::Argument& one) {
           return one.alias_info() != nullptr && !one.alias_info()->isWrite();
         });
}

// CUDA's kernels take the CPU's tensors as numbers, and few take them otherwise.
void check_device(const at::Tensor& tensor, const c10::Argument& argument, bool writes,
                  const std::string& operator_name) {
  if (!tensor.defined() || !tensor.is_cpu()) return;
  const bool takes = operator_name.starts_with("aten::index") ||
                     operator_name == "aten::_index_put_impl_" || argument.name() == "scalars";
  TORCH_CHECK((tensor.dim() == 0 && !writes) || takes, operator_name, ": '", argument.name(),
              "' is on the CPU, and other tensors are on ", kDevice);
}

void run_on_cpu(const c10::OperatorHandle& op, torch::jit::Stack* stack) {
  const c10::FunctionSchema& schema = op.schema();
  const std::size_t first = stack->size() - schema.arguments().size();
  const std::vector<c10::IValue> given(stack->begin() + static_cast<std::ptrdiff_t>(first),
                                       stack->end());
  Kernel kernel(c10::toString(op.operator_name()));
  for (std::size_t i = 0; i < given.size(); ++i) {
    const c10::Argument& argument = schema.arguments()[i];
    const bool writes = argument.alias_info() != nullptr && argument.alias_info()->isWrite();
    const auto convert = [&](const at::Tensor& tensor) {
      check_device(tensor, argument, writes, schema.name());
      return kernel.argument(tensor, writes);
    };
    const c10::IValue& value = given[i];
    c10::IValue& converted = (*stack)[first + i];
    if (value.isTensor()) {
      converted = convert(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(convert(tensor));
      converted = list;
    } else if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector()) {
        list.push_back(tensor ? std::optional(convert(*tensor)) : std::nullopt);
      }
      converted = list;
    } else if (value.isDevice()) {
      converted = c10::Device(c10::DeviceType::CPU);
    } else if (argument.name() == "generator") {
      converted = cpu_generator(value.toOptional<at::Generator>());
    }
  }

  if (!is_metadata(schema)) kernel.launch();
  if (waits_for_size(schema.name(), given)) {
    wait_for_current(&Counts::data_dependent, c10::toString(op.operator_name()));
  }
  op.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), stack);
  kernel.finish();

  for (std::size_t i = stack->size() - schema.returns().size(); i < stack->size(); ++i) {
    c10::IValue& value = (*stack)[i];
    if (value.isTensor()) {
      value = kernel.result(value.toTensor());
    } else if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(kernel.result(tensor));
      value = list;
    } else if (!value.isNone() && schema.name() != "aten::is_set_to") {
      wait_for_current(&Counts::items, c10::toString(op.operator_name()));
    }
  }
}

at::Tensor empty(c10::IntArrayRef size, std::optional<c10::ScalarType> dtype,
                 std::optional<c10::Layout>, std::optional<c10::Device>, std::optional<bool> pin,
                 std::optional<c10::MemoryFormat> format) {
  TORCH_CHECK(!pin.value_or(false), "only the CPU's memory can be pinned");
  return at::detail::empty_generic(size, device_allocator(), kDeviceKeys,
                                   c10::dtype_or_default(dtype), format);
}

at::Tensor empty_strided(c10::IntArrayRef size, c10::IntArrayRef stride,
                         std::optional<c10::ScalarType> dtype, std::optional<c10::Layout>,
                         std::optional<c10::Device>, std::optional<bool> pin) {
  TORCH_CHECK(!pin.value_or(false), "only the CPU's memory can be pinned");
  return at::detail::empty_strided_generic(size, stride, device_allocator(), kDeviceKeys,
                                           c10::dtype_or_default(dtype));
}

at::Tensor as_strided(const at::Tensor& self, c10::IntArrayRef size, c10::IntArrayRef stride,
                      std::optional<std::int64_t> offset) {
  return at::cpu::as_strided(self, size, stride, offset);
}

at::Tensor& set_to_nothing(at::Tensor& self) {
  const at::Tensor nothing = empty({0}, self.scalar_type(), {}, {}, {}, {});
  return at::native::set_tensor_(self, nothing);
}

at::Tensor& set_to_storage(at::Tensor& self, c10::Storage source) {
  return at::native::set_(self, std::move(source));
}

at::Tensor& set_to_part_of_storage(at::Tensor& self, c10::Storage source, std::int64_t offset,
                                   c10::IntArrayRef size, c10::IntArrayRef stride) {
  return at::cpu::set_(self, std::move(source), offset, size, stride);
}

at::Scalar local_scalar_dense(const at::Tensor& self) {
  Kernel kernel("aten::_local_scalar_dense");
  const at::Tensor number = kernel.argument(self);
  kernel.launch(/*counted=*/false);
  wait_for_current(&Counts::items, "aten::_local_scalar_dense");
  return at::_local_scalar_dense(number);
}

at::Tensor copy_from_and_resize(const at::Tensor& from, const at::Tensor& to) {
  to.resize_(from.sizes());
  return copy_from(from, to, false);
}

void record_stream(at::Tensor& self, c10::Stream stream) {
  if (Block* block = block_of(self.storage().data_ptr())) record_on_stream(*block, stream.id());
}

// As between the CPU and CUDA: a module's parameters may move to the device in place.
bool has_compatible_shallow_copy_type(const at::Tensor&, const at::Tensor& from) {
  return from.layout() == at::kStrided;
}

// As the CPU's dropout, which is of several operators there.
std::tuple<at::Tensor, at::Tensor> native_dropout(const at::Tensor& input, double p,
                                                  std::optional<bool> train) {
  const at::AutoDispatchBelowADInplaceOrView guard;
  const double keep = train.value_or(true) ? 1 - p : 1;
  Kernel kernel("aten::native_dropout");
  const at::Tensor values = kernel.argument(input);
  kernel.launch();
  const at::Tensor kept = at::empty_like(values).bernoulli_(keep, cpu_generator(std::nullopt));
  const at::Tensor factors = keep > 0 ? kept / keep : kept;
  return {kernel.result(values * factors), kernel.result(kept.to(at::kBool))};
}

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, m) {
  m.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, m) {
  m.impl("empty.memory_format", empty);
  m.impl("empty_strided", empty_strided);
  m.impl("as_strided", as_strided);
  m.impl("view", at::native::view);
  m.impl("_reshape_alias", at::native::_reshape_alias);
  m.impl("set_", set_to_nothing);
  m.impl("set_.source_Tensor", at::native::set_tensor_);
  m.impl("set_.source_Storage", set_to_storage);
  m.impl("set_.source_Storage_storage_offset", set_to_part_of_storage);
  m.impl("_local_scalar_dense", local_scalar_dense);
  m.impl("_copy_from", copy_from);
  m.impl("_copy_from_and_resize", copy_from_and_resize);
  m.impl("record_stream", record_stream);
  m.impl("_has_compatible_shallow_copy_type", has_compatible_shallow_copy_type);
  m.impl("native_dropout", native_dropout);

  // Where LibTorch has a kernel of the CPU's and one composed of others, it takes the composed one
  // for a device that it does not know. The CPU's gives the CPU's results.
  for (const c10::OperatorName& name : c10::Dispatcher::singleton().getAllOpNames()) {
    if (!name.name.starts_with("aten::")) continue;
    const auto op = c10::Dispatcher::singleton().findOp(name);
    if (!op || op->hasKernelForDispatchKey(c10::DispatchKey::PrivateUse1)) continue;
    const auto has = [&](c10::DispatchKey key) { return op->hasKernelForDispatchKey(key); };
    const bool is_composed =
        has(c10::DispatchKey::CompositeExplicitAutograd) ||
        (has(c10::DispatchKey::CompositeImplicitAutograd) && has(c10::DispatchKey::Autograd));
    const bool has_both = is_composed && has(c10::DispatchKey::CPU);
    // CUDA has kernels of its own for these, and each is one launch.
    const bool is_foreach =
        name.name.starts_with("aten::_foreach_") && !name.name.starts_with("aten::_foreach_copy");
    const bool is_convolution = name.name == "aten::convolution" ||
                                name.name == "aten::_convolution" ||
                                name.name == "aten::convolution_backward";
    if (has_both || is_foreach || is_convolution) {
      m.impl(c10::toString(name).c_str(), torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
    }
  }
}

}  // namespace imgcls::test::fake
