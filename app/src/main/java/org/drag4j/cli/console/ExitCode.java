package org.drag4j.cli.console;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.drag4j.device.DeviceException;
import org.drag4j.device.DeviceMemoryException;
import org.drag4j.geometry.EditDocumentException;
import org.drag4j.picture.PictureException;
import org.drag4j.pipeline.CancelledException;
import org.drag4j.tensor.WeightMismatchException;
import org.drag4j.verify.ParityException;
import org.drag4j.weights.ModelException;

/** What the process returns, and the one line a failure is told in. */
public final class ExitCode {
  public static final int OK = 0;
  public static final int FAILURE = 1;
  public static final int USAGE = 2;
  public static final int MODEL = 3;
  public static final int DEVICE = 4;
  public static final int MEMORY = 5;
  public static final int INTERRUPTED = 130;

  private static final String STOPPED = "stopped; only what was finished before has been written";

  /** A data URL that holds more than a word, or a word longer than any path one would read. */
  private static final Pattern LONG =
      Pattern.compile("data:[\\w/+.;=-]*,[\\w/+=%.~-]{64,}|\\S{1024,}");

  private static final int SHOWN = 48;

  private ExitCode() {}

  /** The code of a failure. */
  public static int of(Throwable failure) {
    return switch (failure) {
      case CancelledException _ -> INTERRUPTED;
      case InterruptedException _ -> INTERRUPTED;
      case ModelException _ -> MODEL;
      case WeightMismatchException _ -> MODEL;
      case DeviceMemoryException _ -> MEMORY;
      case DeviceException _ -> DEVICE;
      case OutOfMemoryError _ -> MEMORY;
      default -> FAILURE;
    };
  }

  /** One line without the program's name. */
  public static String message(Throwable failure) {
    if (failure instanceof UncheckedIOException wrapped && wrapped.getCause() != null) {
      return message(wrapped.getCause());
    }
    String text = String.valueOf(failure.getMessage());
    String line =
        switch (failure) {
          case CancelledException _ -> STOPPED;
          case InterruptedException _ -> STOPPED;
          case OutOfMemoryError _ ->
              "memory: expected enough for this picture and model, got no more ("
                  + text
                  + "); use a smaller picture, or a larger heap with DRAG4J_JAVA_OPTS=-Xmx8g";
          case FileSystemException e ->
              e.getFile()
                  + ": expected to read or write it, got "
                  + e.getClass().getSimpleName()
                  + (e.getReason() == null ? "" : ": " + e.getReason())
                  + "; check the path and its permissions";
          case InvalidPathException e ->
              e.getInput()
                  + ": expected a file name that this system can have, got "
                  + e.getReason()
                  + "; rename the file, or use a UTF-8 locale";
          case IOException _ -> text;
          case EditDocumentException _ -> text;
          case PictureException _ -> text;
          case ParityException _ -> text;
          case ModelException _ -> text;
          case WeightMismatchException _ -> text;
          case DeviceException _ -> text;
          // What checks its arguments speaks to the user as well.
          case IllegalArgumentException _ -> text;
          default ->
              "internal error: "
                  + failure.getClass().getSimpleName()
                  + ": "
                  + text
                  + "; set DRAG4J_DEBUG=1 to see where";
        };
    return shortened(line.strip().replaceAll("\\s*\\R\\s*", " ").replaceAll("\\p{Cntrl}", "?"));
  }

  /** Without the bulk of what nobody reads, as a picture within a document is. */
  private static String shortened(String line) {
    return LONG.matcher(line)
        .replaceAll(word ->
            Matcher.quoteReplacement(
                word.group().substring(0, SHOWN)
                    + "... ("
                    + word.group().length()
                    + " characters)"));
  }
}
