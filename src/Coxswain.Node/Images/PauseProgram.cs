using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Coxswain.Node.Images;

/// <summary>The program of the sandbox container, assembled here: no compiler, no registry, no C library, 300 bytes.</summary>
/// <remarks>
/// It is process 1 of a pod's first container, and of the whole pod when the pod shares its process namespace. So it must
/// (1) end at SIGTERM and SIGINT, though process 1 is spared signals that it has no handler for, (2) reap children that others left it,
/// and (3) otherwise sleep. Blocked signals are kept even for process 1, so no handlers are needed:
/// <code>
///   rt_sigprocmask(SIG_BLOCK, {INT, TERM, CHLD}, null, 8)
///   for (;;)
///     s = rt_sigtimedwait(set, null, null, 8)
///     if (s == SIGCHLD) while (wait4(-1, null, WNOHANG, null) > 0) ;
///     else if (s >= 0) exit_group(0)              // below zero: woken by a stop and continue
/// </code>
/// </remarks>
internal static class PauseProgram
{
    private const ulong LoadAddress = 0x400000;
    private const int FileHeaderSize = 64;
    private const int ProgramHeaderSize = 56;
    private const int CodeOffset = FileHeaderSize + (2 * ProgramHeaderSize);

    // Bit n-1 for signal n: SIGINT 2, SIGTERM 15, SIGCHLD 17.
    private const ulong Signals = (1UL << 1) | (1UL << 14) | (1UL << 16);

    /// <summary>A static ELF executable for a processor.</summary>
    public static byte[] Build(Architecture architecture) => architecture switch
    {
        Architecture.X64 => Elf(machine: 62, X64),
        Architecture.Arm64 => Elf(machine: 183, Arm64()),
        _ => throw new PlatformNotSupportedException($"There is no sandbox program for {architecture}."),
    };

    /// <summary>The name of a processor in image manifests.</summary>
    public static string OciName(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.Arm64 => "arm64",
        _ => throw new PlatformNotSupportedException($"There is no sandbox image for {architecture}."),
    };

    private static ReadOnlySpan<byte> X64 =>
    [
        0xb8, 14, 0, 0, 0,                          // 00       mov  eax, rt_sigprocmask
        0x31, 0xff,                                 // 05       xor  edi, edi             SIG_BLOCK
        0x48, 0x8d, 0x35, 0x52, 0, 0, 0,            // 07       lea  rsi, [set]
        0x31, 0xd2,                                 // 0e       xor  edx, edx
        0x41, 0xba, 8, 0, 0, 0,                     // 10       mov  r10d, 8
        0x0f, 0x05,                                 // 16       syscall
        0xb8, 128, 0, 0, 0,                         // 18 wait: mov  eax, rt_sigtimedwait
        0x48, 0x8d, 0x3d, 0x3c, 0, 0, 0,            // 1d       lea  rdi, [set]
        0x31, 0xf6,                                 // 24       xor  esi, esi
        0x31, 0xd2,                                 // 26       xor  edx, edx
        0x41, 0xba, 8, 0, 0, 0,                     // 28       mov  r10d, 8
        0x0f, 0x05,                                 // 2e       syscall
        0x83, 0xf8, 17,                             // 30       cmp  eax, SIGCHLD
        0x74, 0x0d,                                 // 33       je   reap
        0x85, 0xc0,                                 // 35       test eax, eax
        0x78, 0xdf,                                 // 37       js   wait
        0x31, 0xff,                                 // 39       xor  edi, edi
        0xb8, 231, 0, 0, 0,                         // 3b       mov  eax, exit_group
        0x0f, 0x05,                                 // 40       syscall
        0xb8, 61, 0, 0, 0,                          // 42 reap: mov  eax, wait4
        0x48, 0x83, 0xcf, 0xff,                     // 47       or   rdi, -1
        0x31, 0xf6,                                 // 4b       xor  esi, esi
        0xba, 1, 0, 0, 0,                           // 4d       mov  edx, WNOHANG
        0x45, 0x31, 0xd2,                           // 52       xor  r10d, r10d
        0x0f, 0x05,                                 // 55       syscall
        0x85, 0xc0,                                 // 57       test eax, eax
        0x7f, 0xe7,                                 // 59       jg   reap
        0xeb, 0xbb,                                 // 5b       jmp  wait
        0x0f, 0x1f, 0x00,                           // 5d       nop
                                                    // 60 set:  the signals follow
    ];

    private static byte[] Arm64()
    {
        ReadOnlySpan<uint> words =
        [
            0xd2800000,  // 00       movz x0, #0                 SIG_BLOCK
            0x10000361,  // 04       adr  x1, set
            0xd2800002,  // 08       movz x2, #0
            0xd2800103,  // 0c       movz x3, #8
            0xd28010e8,  // 10       movz x8, #135               rt_sigprocmask
            0xd4000001,  // 14       svc  #0
            0x100002c0,  // 18 wait: adr  x0, set
            0xd2800001,  // 1c       movz x1, #0
            0xd2800002,  // 20       movz x2, #0
            0xd2800103,  // 24       movz x3, #8
            0xd2801128,  // 28       movz x8, #137               rt_sigtimedwait
            0xd4000001,  // 2c       svc  #0
            0xf100441f,  // 30       cmp  x0, #17                SIGCHLD
            0x540000a0,  // 34       b.eq reap
            0xb7ffff00,  // 38       tbnz x0, #63, wait
            0xd2800000,  // 3c       movz x0, #0
            0xd2800bc8,  // 40       movz x8, #94                exit_group
            0xd4000001,  // 44       svc  #0
            0x92800000,  // 48 reap: movn x0, #0                 -1
            0xd2800001,  // 4c       movz x1, #0
            0xd2800022,  // 50       movz x2, #1                 WNOHANG
            0xd2800003,  // 54       movz x3, #0
            0xd2802088,  // 58       movz x8, #260               wait4
            0xd4000001,  // 5c       svc  #0
            0xf100001f,  // 60       cmp  x0, #0
            0x54ffff2c,  // 64       b.gt reap
            0x17ffffec,  // 68       b    wait
            0xd503201f,  // 6c       nop
                         // 70 set:  the signals follow
        ];
        var code = new byte[words.Length * sizeof(uint)];
        for (var i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(i * sizeof(uint)), words[i]);
        return code;
    }

    // One segment, readable and executable, that is the whole file; and the note that the stack is not executable.
    private static byte[] Elf(ushort machine, ReadOnlySpan<byte> code)
    {
        var file = new byte[CodeOffset + code.Length + sizeof(ulong)];
        var header = file.AsSpan();
        ReadOnlySpan<byte> identity = [0x7f, (byte)'E', (byte)'L', (byte)'F', /* 64 bit */ 2, /* little endian */ 1, /* version */ 1];
        identity.CopyTo(header);
        Put16(header, 16, 2);                                        // an executable
        Put16(header, 18, machine);
        Put32(header, 20, 1);                                        // version
        Put64(header, 24, LoadAddress + CodeOffset);                 // entry
        Put64(header, 32, FileHeaderSize);                           // where the program headers are
        Put16(header, 52, FileHeaderSize);
        Put16(header, 54, ProgramHeaderSize);
        Put16(header, 56, 2);                                        // how many program headers
        Put16(header, 58, 64);                                       // size of a section header, of which there are none

        var load = header[FileHeaderSize..];
        Put32(load, 0, 1);                                           // PT_LOAD
        Put32(load, 4, 5);                                           // read, execute
        Put64(load, 16, LoadAddress);
        Put64(load, 24, LoadAddress);
        Put64(load, 32, (ulong)file.Length);
        Put64(load, 40, (ulong)file.Length);
        Put64(load, 48, 0x10000);                                    // the largest page size of either processor

        var stack = header[(FileHeaderSize + ProgramHeaderSize)..];
        Put32(stack, 0, 0x6474e551);                                 // PT_GNU_STACK
        Put32(stack, 4, 6);                                          // read, write
        Put64(stack, 48, 16);

        code.CopyTo(header[CodeOffset..]);
        Put64(header, CodeOffset + code.Length, Signals);
        return file;
    }

    private static void Put16(Span<byte> at, int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(at[offset..], value);

    private static void Put32(Span<byte> at, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(at[offset..], value);

    private static void Put64(Span<byte> at, int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(at[offset..], value);
}
