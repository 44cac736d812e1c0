package org.drag4j.kernels.cuda.driver;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.drag4j.cache.CacheFolder;
import org.drag4j.cache.CachedFile;
import org.drag4j.cache.Sha256;

/**
 * Compiled programs on disk, by a hash of everything that the result depends on. Several processes
 * may share a folder: a file appears whole, under its final name, or not at all, and who compiles
 * holds a lock, so that the others find what they need when it is done. The lock goes with the
 * process that holds it. A file also carries a hash of its contents, so that a damaged one is
 * compiled again and never loaded.
 */
public final class ProgramCache {
  /** How long another process is waited for; it may hang. */
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private static final long NAP_MILLIS = 20;

  /** Threads of this process; a lock on a file is the process's as a whole. */
  private static final ReentrantLock THREADS = new ReentrantLock();

  private final Path folder;
  private final Duration patience;

  private ProgramCache(Path folder, Duration patience) {
    this.folder = folder;
    this.patience = patience;
  }

  /** Programs in a folder, made when the first is stored. */
  public static ProgramCache of(Path folder) {
    return new ProgramCache(folder, PATIENCE);
  }

  /** The same, with less patience for another process. */
  static ProgramCache of(Path folder, Duration patience) {
    return new ProgramCache(folder, patience);
  }

  /** The user's own. */
  public static ProgramCache ofUser() {
    return of(CacheFolder.ofUser().resolve("cuda"));
  }

  /**
   * The program, compiled where no earlier run has. A folder that cannot be written to costs time,
   * nothing else.
   *
   * @throws org.drag4j.device.DeviceException where the source does not compile
   */
  public byte[] program(
      CudaCompiler compiler, CudaSource source, List<String> options, String arch) {
    var file = folder.resolve(key(compiler.version(), source, options, arch) + ".bin");
    var stored = CachedFile.read(file);
    if (stored.isPresent()) {
      return stored.get();
    }
    THREADS.lock();
    try (var lock = lock()) {
      stored = CachedFile.read(file);
      if (stored.isPresent()) {
        return stored.get();
      }
      var program = compiler.compile(source, options, arch);
      write(file, program, lock.held());
      return program;
    } finally {
      THREADS.unlock();
    }
  }

  /** The folder's lock, or none where it cannot be had. */
  private record Lock(Optional<FileChannel> channel) implements AutoCloseable {
    static final Lock NONE = new Lock(Optional.empty());

    boolean held() {
      return channel.isPresent();
    }

    @Override
    public void close() {
      channel.ifPresent(c -> {
        try {
          c.close();
        } catch (IOException _) {
          // The process's end gives it back.
        }
      });
    }
  }

  private Lock lock() {
    FileChannel channel = null;
    try {
      makeFolder();
      channel =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      var end = Instant.now().plus(patience);
      while (channel.tryLock() == null) {
        if (Instant.now().isAfter(end)) {
          channel.close();
          return Lock.NONE;
        }
        Thread.sleep(NAP_MILLIS);
      }
      return new Lock(Optional.of(channel));
    } catch (IOException _) {
      // Some file systems have no locks. Then two may compile the same, which is only a loss of
      // time.
      new Lock(Optional.ofNullable(channel)).close();
      return Lock.NONE;
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
      new Lock(Optional.ofNullable(channel)).close();
      return Lock.NONE;
    }
  }

  /** Name of a program's file. */
  static String key(String version, CudaSource source, List<String> options, String arch) {
    var digest = Sha256.start();
    add(digest, version);
    add(digest, arch);
    add(digest, Integer.toString(options.size()));
    options.forEach(option -> add(digest, option));
    add(digest, source.name());
    add(digest, source.text());
    source
        .headers()
        .forEach((name, text) -> {
          add(digest, name);
          add(digest, text);
        });
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Length first: else "ab", "c" and "a", "bc" would hash alike. */
  private static void add(MessageDigest digest, String text) {
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    digest.update(bytes);
  }

  /**
   * Writes a program.
   *
   * @param alone whether nobody else writes: then what is half written was left by the killed
   */
  private void write(Path file, byte[] program, boolean alone) {
    try {
      makeFolder();
      if (alone) {
        try (var left = Files.newDirectoryStream(folder, "*" + CachedFile.UNFINISHED)) {
          for (var abandoned : left) {
            Files.delete(abandoned);
          }
        }
      }
      CachedFile.write(file, program);
    } catch (IOException _) {
      // The program is compiled; only the next process loses.
    }
  }

  /** For this user alone: what lies here is run on the device. */
  private void makeFolder() throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }
}
