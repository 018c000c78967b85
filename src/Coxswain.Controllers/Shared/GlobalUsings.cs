global using ConditionStatus = Coxswain.Api.Core.V1.ConditionStatus;
global using Coxswain.Api.Selectors;
