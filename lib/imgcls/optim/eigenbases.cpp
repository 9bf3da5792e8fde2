#include <imgcls/core/error.h>
#include <imgcls/optim/eigenbases.h>

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/tensordot.h>
#include <ATen/ops/zeros.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <functional>
#include <utility>

namespace imgcls::optim {
namespace {

/// What one rank makes of a covariance: a basis, and in which order it has the old one's vectors.
struct Found {
  at::Tensor basis, order;
};

at::Tensor eigenvectors(const at::Tensor& covariance, const std::string& parameter) {
  try {
    return std::get<1>(at::linalg_eigh(covariance)).flip(1);
  } catch (const c10::LinAlgError&) {
  }
  try {  // what float32 does not solve may be solved with more digits
    return std::get<1>(at::linalg_eigh(covariance.to(at::kDouble)))
        .flip(1)
        .to(covariance.scalar_type());
  } catch (const c10::LinAlgError&) {
    throw Error(fmt::format(
        "optimizer.name=soap: the gradients of {} have no eigenvectors, since some are not finite "
        "numbers. Try a lower optimizer.lr, a longer schedule.warmup_epochs or clip.name=norm",
        parameter));
  }
}

Found power_step(const at::Tensor& covariance, const at::Tensor& basis) {
  const at::Tensor product = covariance.mm(basis);
  const at::Tensor order = basis.mul(product).sum(0).argsort(0, /*descending=*/true);
  return {.basis = std::get<0>(at::linalg_qr(product.index_select(1, order))), .order = order};
}

/// `find(i)` for each matrix, by all ranks together; what has no order is given none.
std::vector<Found> find_shared(std::span<const at::Tensor> matrices, bool ordered,
                               WorkSharing* sharing,
                               const std::function<Found(std::size_t)>& find) {
  std::vector<double> costs;
  for (const at::Tensor& each : matrices) {
    const auto side = static_cast<double>(each.size(0));
    costs.push_back(side * side * side);
  }
  const std::vector<int> owners = owners_of(costs, sharing);
  std::vector<at::Tensor> bases, orders;
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    const bool is_mine = sharing == nullptr || owners[i] == sharing->rank();
    const at::Tensor& matrix = matrices[i];
    Found found =
        is_mine ? find(i)
                : Found{.basis = at::empty(matrix.sizes(), matrix.options()),
                        .order = at::empty({matrix.size(0)}, matrix.options().dtype(at::kLong))};
    bases.push_back(found.basis.contiguous());
    if (ordered) orders.push_back(found.order);
  }
  if (sharing != nullptr) {
    sharing->exchange(bases, owners);
    if (ordered) sharing->exchange(orders, owners);
  }
  std::vector<Found> all(matrices.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = {.basis = bases[i], .order = ordered ? orders[i] : at::Tensor()};
  }
  return all;
}

}  // namespace

Eigenbases::Eigenbases(std::string name, const at::Tensor& parameter, std::int64_t max_side)
    : name_(std::move(name)),
      sides_(static_cast<std::size_t>(parameter.dim())),
      found_(at::zeros({}, at::TensorOptions().dtype(at::kLong))) {
  if (parameter.dim() < 2) return;
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    const std::int64_t side = parameter.size(static_cast<std::int64_t>(i));
    if (side == 1 || side > max_side) continue;
    // Bases lie column by column, as LAPACK gives them: products with them have the same bits then
    // before and after a run is resumed, and as the reference's.
    sides_[i] = {.covariance = at::zeros({side, side}, parameter.options()),
                 .basis = at::zeros({side, side}, parameter.options()).t()};
  }
}

bool Eigenbases::found() const {
  return found_.item<std::int64_t>() != 0;
}

/// Each side comes first in its turn, and leaves last.
at::Tensor Eigenbases::project(at::Tensor tensor, std::int64_t basis_side) const {
  for (const Side& side : sides_) {
    tensor = side.basis.defined() ? at::tensordot(tensor, side.basis, {0}, {basis_side})
                                  : tensor.movedim(0, -1);
  }
  return tensor;
}

void Eigenbases::average(const at::Tensor& gradient, double beta) {
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    if (!sides_[i].covariance.defined()) continue;
    std::vector<std::int64_t> others;
    for (std::size_t k = 0; k < sides_.size(); ++k) {
      if (k != i) others.push_back(static_cast<std::int64_t>(k));
    }
    sides_[i].covariance.lerp_(at::tensordot(gradient, gradient, others, others), 1 - beta);
  }
}

std::vector<models::NamedTensor> Eigenbases::state() const {
  std::vector<models::NamedTensor> all{{"bases_found." + name_, found_}};
  for (std::size_t i = 0; i < sides_.size(); ++i) {
    if (!sides_[i].covariance.defined()) continue;
    all.push_back({fmt::format("covariance.{}.{}", i, name_), sides_[i].covariance});
    all.push_back({fmt::format("basis.{}.{}", i, name_), sides_[i].basis});
  }
  return all;
}

void find_bases(std::span<Eigenbases* const> all, WorkSharing* sharing) {
  std::vector<at::Tensor> covariances;
  std::vector<std::pair<const Eigenbases*, const Eigenbases::Side*>> places;
  for (const Eigenbases* each : all) {
    each->found_.fill_(1);
    for (const Eigenbases::Side& side : each->sides_) {
      if (!side.covariance.defined()) continue;
      covariances.push_back(side.covariance);
      places.emplace_back(each, &side);
    }
  }
  const auto found =
      find_shared(covariances, /*ordered=*/false, sharing, [&](std::size_t i) -> Found {
        return {.basis = eigenvectors(covariances[i], places[i].first->name_), .order = {}};
      });
  for (std::size_t i = 0; i < found.size(); ++i) places[i].second->basis.copy_(found[i].basis);
}

void renew_bases(std::span<Eigenbases* const> all, std::span<const at::Tensor> squares,
                 WorkSharing* sharing) {
  struct Place {
    at::Tensor basis, squares;
    std::int64_t side;
  };
  std::vector<at::Tensor> covariances;
  std::vector<Place> places;
  for (std::size_t p = 0; p < all.size(); ++p) {
    const auto& sides = all[p]->sides_;
    for (std::size_t i = 0; i < sides.size(); ++i) {
      if (!sides[i].covariance.defined()) continue;
      covariances.push_back(sides[i].covariance);
      places.push_back(
          {.basis = sides[i].basis, .squares = squares[p], .side = static_cast<std::int64_t>(i)});
    }
  }
  const auto found = find_shared(covariances, /*ordered=*/true, sharing, [&](std::size_t i) {
    return power_step(covariances[i], places[i].basis);
  });
  for (std::size_t i = 0; i < found.size(); ++i) {
    places[i].basis.copy_(found[i].basis);
    places[i].squares.copy_(places[i].squares.index_select(places[i].side, found[i].order));
  }
}

}  // namespace imgcls::optim
