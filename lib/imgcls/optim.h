#pragma once
// All of imgcls/optim: how weights change in a step. In the order of things:
//
//   header                    what it does
//   optim/schedule.h          the learning rate of a step
//   optim/grad_scaler.h       the loss scaled, for fp16, and steps left out
//   optim/optimizer.h         parameters in groups, and their update
//   optim/adam.h, sgd.h       the kinds of it
//   optim/optimizer_fields.h  the options' names in configurations

#include <imgcls/optim/grad_scaler.h>
#include <imgcls/optim/optimizer.h>
#include <imgcls/optim/schedule.h>
