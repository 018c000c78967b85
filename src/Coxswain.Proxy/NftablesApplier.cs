using System.Diagnostics;

namespace Coxswain.Proxy;

/// <summary>Gives nftables text to the kernel, one atomic transaction a call.</summary>
public interface INftablesApplier
{
    /// <exception cref="NftablesException">The kernel refused; nothing was changed.</exception>
    Task ApplyAsync(string transaction, CancellationToken cancellation);
}

/// <summary>Runs <c>nft -f -</c>.</summary>
public sealed class NftablesApplier : INftablesApplier
{
    public async Task ApplyAsync(string transaction, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo("nft") { RedirectStandardInput = true, RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.ArgumentList.Add("-f");
        start.ArgumentList.Add("-");
        Process process;
        try
        {
            process = Process.Start(start) ?? throw new NftablesException("nft did not start");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new NftablesException("the program nft is missing: install the package nftables", e);
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            // An nft that fails early closes its input: what it says of the reason is worth more than our broken pipe.
            try
            {
                await process.StandardInput.WriteAsync(transaction.AsMemory(), cancellation).ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                process.StandardInput.Dispose();
            }

            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            await output.ConfigureAwait(false);
            if (process.ExitCode != 0)
                throw new NftablesException($"nft refused the rules: {(await errors.ConfigureAwait(false)).Trim()}");
        }
    }
}

/// <summary>The packet path could not be changed and is as it was.</summary>
public sealed class NftablesException(string message, Exception? inner = null) : Exception(message, inner);
