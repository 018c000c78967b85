using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Coxswain.Storage.Sqlite;

namespace Coxswain.Storage.Tests.Sqlite.Faults;

internal enum VfsOperation
{
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
    Unfetch,
}

/// <param name="Path">The file, as SQLite names it: the store's or its log's.</param>
internal readonly record struct VfsCall(VfsOperation Operation, string Path, long Offset, int Length)
{
    public bool IsLog => Path.EndsWith("-wal", StringComparison.Ordinal);
}

/// <summary>A file system layer between SQLite and its own one, which a test can make slow, full, failing, lying and losing its power.</summary>
/// <remarks>It only stands for what goes through SQLite; locks and shared memory are the real ones. Stays registered until it is disposed,
/// which must be after the last store on it.</remarks>
internal sealed unsafe class FaultVfs : IDisposable
{
    private const int FileHead = 16;
    private static int s_number;

    private readonly sqlite3_vfs* _vfs;
    private readonly sqlite3_vfs* _base;
    private readonly IoMethods* _methods;
    private readonly GCHandle _self;
    private readonly delegate* unmanaged[Cdecl]<sqlite3_vfs*, int> _unregister;

    public FaultVfs()
    {
        var library = SqliteLibrary.Used.Handle;
        var find = (delegate* unmanaged[Cdecl]<byte*, sqlite3_vfs*>)NativeLibrary.GetExport(library, "sqlite3_vfs_find");
        var register = (delegate* unmanaged[Cdecl]<sqlite3_vfs*, int, int>)NativeLibrary.GetExport(library, "sqlite3_vfs_register");
        _unregister = (delegate* unmanaged[Cdecl]<sqlite3_vfs*, int>)NativeLibrary.GetExport(library, "sqlite3_vfs_unregister");
        ((delegate* unmanaged[Cdecl]<int>)NativeLibrary.GetExport(library, "sqlite3_initialize"))();
        Name = $"fault-{Interlocked.Increment(ref s_number)}";
        _self = GCHandle.Alloc(this);
        _base = find(null);
        _methods = (IoMethods*)NativeMemory.AllocZeroed((nuint)sizeof(IoMethods));
        *_methods = IoMethods.Ours;

        // What is not about the content of files stays SQLite's own; none of it looks at the layer it is called for.
        _vfs = (sqlite3_vfs*)NativeMemory.AllocZeroed((nuint)sizeof(sqlite3_vfs));
        *_vfs = *_base;
        _vfs->iVersion = 2;
        _vfs->szOsFile = FileHead + _base->szOsFile;
        _vfs->pNext = null;
        _vfs->zName = (byte*)Marshal.StringToCoTaskMemUTF8(Name);
        _vfs->pAppData = (void*)GCHandle.ToIntPtr(_self);
        _vfs->xOpen = &Open;
        _vfs->xDelete = &Delete;
        Assert.Equal(0, register(_vfs, 0));
    }

    public string Name { get; }

    /// <summary>Asked before each call: 0 goes on, anything else is the call's result and nothing is done. May wait.</summary>
    public Func<VfsCall, int>? Before { get; set; }

    /// <summary>Told after each call that did what it should.</summary>
    public Action<VfsCall>? After { get; set; }

    /// <summary>Where it is recorded what would be left after a loss of power; null: nowhere.</summary>
    public PowerLossDisk? Disk { get; set; }

    public void Dispose()
    {
        _ = _unregister(_vfs);
        Marshal.FreeCoTaskMem((nint)_vfs->zName);
        NativeMemory.Free(_vfs);
        NativeMemory.Free(_methods);
        _self.Free();
    }

    private static FaultVfs Of(sqlite3_vfs* vfs) => (FaultVfs)GCHandle.FromIntPtr((nint)vfs->pAppData).Target!;

    private static OpenFile Of(SqliteFileHead* file) => (OpenFile)GCHandle.FromIntPtr(file->Handle).Target!;

    private static SqliteFileHead* Base(SqliteFileHead* file) => (SqliteFileHead*)((byte*)file + FileHead);

    private int Around(VfsCall call, Func<int> work, Action? record = null)
    {
        try
        {
            if (Before?.Invoke(call) is { } result and not 0)
                return result;
            result = Disk is null || record is null ? work() : Disk.Record(work, record);
            if (result == 0)
                After?.Invoke(call);
            return result;
        }
        catch (Exception error)
        {
            // No exception may cross SQLite's own frames.
            Console.Error.WriteLine(error);
            Environment.FailFast("a fault's hook failed", error);
            throw;
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(sqlite3_vfs* vfs, byte* name, SqliteFileHead* file, int flags, int* outFlags)
    {
        var self = Of(vfs);
        var path = Marshal.PtrToStringUTF8((nint)name) ?? "";
        file->Methods = null;
        var result = self.Around(new(VfsOperation.Open, path, 0, 0), () => self._base->xOpen(self._base, name, Base(file), flags, outFlags), () => self.Disk!.Open(path));
        if (result != 0)
            return result;
        file->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(new OpenFile(self, path)));
        file->Methods = self._methods;
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Delete(sqlite3_vfs* vfs, byte* name, int flushFolder)
    {
        var self = Of(vfs);
        var path = Marshal.PtrToStringUTF8((nint)name)!;
        return self.Around(new(VfsOperation.Delete, path, 0, 0), () => self._base->xDelete(self._base, name, flushFolder), () => self.Disk!.Delete(path, flushFolder != 0));
    }

    private sealed record OpenFile(FaultVfs Vfs, string Path);

    [StructLayout(LayoutKind.Sequential)]
    private struct SqliteFileHead
    {
        public IoMethods* Methods;
        public nint Handle;
    }

#pragma warning disable IDE1006, CS8981, SA1300, CA1823, CS0169, CS0649 // SQLite's names, and fields that only SQLite reads.
    [StructLayout(LayoutKind.Sequential)]
    private struct sqlite3_vfs
    {
        public int iVersion;
        public int szOsFile;
        public int mxPathname;
        public sqlite3_vfs* pNext;
        public byte* zName;
        public void* pAppData;
        public delegate* unmanaged[Cdecl]<sqlite3_vfs*, byte*, SqliteFileHead*, int, int*, int> xOpen;
        public delegate* unmanaged[Cdecl]<sqlite3_vfs*, byte*, int, int> xDelete;
        public nint xAccess;
        public nint xFullPathname;
        public nint xDlOpen;
        public nint xDlError;
        public nint xDlSym;
        public nint xDlClose;
        public nint xRandomness;
        public nint xSleep;
        public nint xCurrentTime;
        public nint xGetLastError;
        public nint xCurrentTimeInt64;
        public nint xSetSystemCall;
        public nint xGetSystemCall;
        public nint xNextSystemCall;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IoMethods
    {
        public int iVersion;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int> xClose;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, byte*, int, long, int> xRead;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, byte*, int, long, int> xWrite;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, long, int> xTruncate;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int> xSync;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, long*, int> xFileSize;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int> xLock;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int> xUnlock;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int*, int> xCheckReservedLock;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, void*, int> xFileControl;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int> xSectorSize;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int> xDeviceCharacteristics;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int, int, void**, int> xShmMap;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int, int, int> xShmLock;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, void> xShmBarrier;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, int, int> xShmUnmap;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, long, int, void**, int> xFetch;
        public delegate* unmanaged[Cdecl]<SqliteFileHead*, long, void*, int> xUnfetch;

        public static IoMethods Ours => new()
        {
            iVersion = 3,
            xClose = &Close,
            xRead = &Read,
            xWrite = &Write,
            xTruncate = &Truncate,
            xSync = &Sync,
            xFileSize = &FileSize,
            xLock = &Lock,
            xUnlock = &Unlock,
            xCheckReservedLock = &CheckReservedLock,
            xFileControl = &FileControl,
            xSectorSize = &SectorSize,
            xDeviceCharacteristics = &DeviceCharacteristics,
            xShmMap = &ShmMap,
            xShmLock = &ShmLock,
            xShmBarrier = &ShmBarrier,
            xShmUnmap = &ShmUnmap,
            xFetch = &Fetch,
            xUnfetch = &Unfetch,
        };
    }
#pragma warning restore IDE1006, CS8981, SA1300, CA1823, CS0169, CS0649

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Close(SqliteFileHead* file)
    {
        GCHandle.FromIntPtr(file->Handle).Free();
        return Base(file)->Methods->xClose(Base(file));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(SqliteFileHead* file, byte* bytes, int count, long offset)
    {
        var open = Of(file);
        return open.Vfs.Around(new(VfsOperation.Read, open.Path, offset, count), () => Base(file)->Methods->xRead(Base(file), bytes, count, offset));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(SqliteFileHead* file, byte* bytes, int count, long offset)
    {
        var open = Of(file);
        return open.Vfs.Around(
            new(VfsOperation.Write, open.Path, offset, count),
            () => Base(file)->Methods->xWrite(Base(file), bytes, count, offset),
            () => open.Vfs.Disk!.Write(open.Path, offset, new(bytes, count)));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Truncate(SqliteFileHead* file, long size)
    {
        var open = Of(file);
        return open.Vfs.Around(
            new(VfsOperation.Truncate, open.Path, size, 0), () => Base(file)->Methods->xTruncate(Base(file), size), () => open.Vfs.Disk!.Truncate(open.Path, size));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Sync(SqliteFileHead* file, int flags)
    {
        // Where the disk is only imagined, flushing the real one says nothing and takes long.
        var open = Of(file);
        return open.Vfs.Around(
            new(VfsOperation.Sync, open.Path, 0, 0),
            () => open.Vfs.Disk is null ? Base(file)->Methods->xSync(Base(file), flags) : 0,
            () => open.Vfs.Disk!.Sync(open.Path));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Unfetch(SqliteFileHead* file, long offset, void* page)
    {
        var open = Of(file);
        return open.Vfs.Around(new(VfsOperation.Unfetch, open.Path, offset, 0), () => Base(file)->Methods->xUnfetch(Base(file), offset, page));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Fetch(SqliteFileHead* file, long offset, int count, void** page) => Base(file)->Methods->xFetch(Base(file), offset, count, page);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileSize(SqliteFileHead* file, long* size) => Base(file)->Methods->xFileSize(Base(file), size);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Lock(SqliteFileHead* file, int level) => Base(file)->Methods->xLock(Base(file), level);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Unlock(SqliteFileHead* file, int level) => Base(file)->Methods->xUnlock(Base(file), level);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int CheckReservedLock(SqliteFileHead* file, int* result) => Base(file)->Methods->xCheckReservedLock(Base(file), result);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int FileControl(SqliteFileHead* file, int what, void* argument) => Base(file)->Methods->xFileControl(Base(file), what, argument);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SectorSize(SqliteFileHead* file) => Base(file)->Methods->xSectorSize(Base(file));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceCharacteristics(SqliteFileHead* file) => Base(file)->Methods->xDeviceCharacteristics(Base(file));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ShmMap(SqliteFileHead* file, int region, int size, int extend, void** map) => Base(file)->Methods->xShmMap(Base(file), region, size, extend, map);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ShmLock(SqliteFileHead* file, int offset, int count, int flags) => Base(file)->Methods->xShmLock(Base(file), offset, count, flags);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void ShmBarrier(SqliteFileHead* file) => Base(file)->Methods->xShmBarrier(Base(file));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int ShmUnmap(SqliteFileHead* file, int delete) => Base(file)->Methods->xShmUnmap(Base(file), delete);
}
