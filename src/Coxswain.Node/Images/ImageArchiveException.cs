namespace Coxswain.Node.Images;

/// <summary>A file that was to be imported is no archive of images, or not one that can be named. The message is for the user.</summary>
public sealed class ImageArchiveException(string message, Exception? inner = null) : Exception(message, inner);
