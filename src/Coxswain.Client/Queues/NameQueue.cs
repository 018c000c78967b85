using Coxswain.Api;

namespace Coxswain.Client;

/// <summary>The work queue of a controller: names of objects.</summary>
public sealed class WorkQueue(string name, TimeProvider clock, WorkQueueOptions? options = null)
    : WorkQueue<NamespacedName>(name, clock, options);
