using Coxswain.Api;
using Coxswain.Api.Rbac.V1;

namespace Coxswain.ApiServer.Tables.Rbac;

/// <summary>Bindings; roles have the generic columns.</summary>
internal static class RbacColumns
{
    public static TableColumns ClusterRoleBindings { get; } = Columns<ClusterRoleBinding>(o => o.RoleRef, o => o.Subjects);

    public static TableColumns RoleBindings { get; } = Columns<RoleBinding>(o => o.RoleRef, o => o.Subjects);

    private static TableColumns Columns<T>(Func<T, RoleRef> role, Func<T, ApiList<Subject>> subjects) where T : class, IMetadataObject => TableColumns.For<T>()
        .Name()
        .Add("Role", o => $"{role(o).Kind}/{role(o).Name}")
        .Age()
        .Wide("Users", o => Names(subjects(o), "User"))
        .Wide("Groups", o => Names(subjects(o), "Group"))
        .Wide("ServiceAccounts", o => Names(subjects(o), "ServiceAccount"))
        .Build();

    private static Cell Names(ApiList<Subject> subjects, string kind) => string.Join(", ", subjects
        .Where(subject => subject.Kind == kind)
        .Select(subject => kind == "ServiceAccount" && subject.Namespace.Length > 0 ? $"{subject.Namespace}/{subject.Name}" : subject.Name));
}
