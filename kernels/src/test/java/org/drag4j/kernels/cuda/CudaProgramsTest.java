package org.drag4j.kernels.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.drag4j.device.DeviceException;
import org.drag4j.kernels.cuda.driver.Cubins;
import org.drag4j.kernels.cuda.driver.CudaCompiler;
import org.drag4j.kernels.cuda.driver.CudaSource;
import org.drag4j.kernels.cuda.driver.FakeCudaDriver;
import org.drag4j.kernels.cuda.driver.ProgramCache;
import org.drag4j.kernels.cuda.kernel.CudaKernels;
import org.drag4j.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CudaProgramsTest {
  private final List<String> compiled = new ArrayList<>();

  /** Files that came along. */
  private static final class Ahead {
    private final Map<String, byte[]> files = new HashMap<>();

    Optional<byte[]> get(String name) {
      return Optional.ofNullable(files.get(name));
    }

    void put(String name, byte[] bytes) {
      files.put(name, bytes);
    }

    void clear() {
      files.clear();
    }
  }

  private final Ahead ahead = new Ahead();

  /** Notes what it is asked for, and answers with the chip's name. */
  private final CudaCompiler compiler =
      new CudaCompiler() {
        @Override
        public String version() {
          return "test 1";
        }

        @Override
        public byte[] compile(CudaSource source, List<String> options, String arch) {
          assertTrue(source.text().contains("geglu_f16"), source.text());
          compiled.add(source.name() + " " + arch);
          return arch.getBytes(StandardCharsets.UTF_8);
        }
      };

  @Test
  void sourcesAreCompiledForTheDeviceAndOnce(@TempDir Path folder) {
    var driver = new FakeCudaDriver(1 << 20);
    var expected = "sm_90".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 2; i++) {
      var programs =
          CudaPrograms.of(
              driver, 0, Cubins.of(ahead::get), () -> compiler, ProgramCache.of(folder));
      assertArrayEquals(expected, programs.image("geglu.cu"));
    }
    assertEquals(List.of("geglu.cu sm_90"), compiled);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** Adds a program compiled ahead from this source, which is its chip's name. */
  private void ship(String arch, CudaSource source) {
    var program = bytes("for " + arch);
    var list =
        ahead.get(Cubins.INDEX).map(b -> new String(b, StandardCharsets.UTF_8)).orElse("# test\n");
    ahead.put(Cubins.INDEX, bytes(list + Cubins.line(arch, source, program) + "\n"));
    ahead.put(Cubins.file(arch, source.name()), program);
  }

  private static CudaSource geglu() {
    return CudaSource.of("geglu.cu", CudaKernels.source("geglu.cu"));
  }

  /** What a machine with nothing but a driver for a device of this generation loads. */
  private String driverOnly(int capability) {
    var driver = new FakeCudaDriver(1 << 20).capability(capability);
    CudaPrograms.Opening none =
        () -> {
          throw new DeviceException("nvrtc missing");
        };
    var programs =
        CudaPrograms.of(
            driver, 0, Cubins.of(ahead::get), none, ProgramCache.of(Path.of("no", "folder")));
    return new String(programs.image("geglu.cu"), StandardCharsets.UTF_8);
  }

  private String refusal(int capability) {
    return String.valueOf(
        assertThrows(DeviceException.class, () -> driverOnly(capability)).getMessage());
  }

  @Test
  void aMachineWithADriverOnlyRunsWhatWasCompiledAheadForItsChip() {
    assertEquals(
        "nvrtc missing; no programs compiled ahead came along; gpu/cubins makes them", refusal(90));
    for (var chip : Cubins.CHIPS) {
      ship(chip, geglu());
    }
    assertEquals("for sm_80", driverOnly(80));
    assertEquals("for sm_80", driverOnly(86));
    assertEquals("for sm_89", driverOnly(89));
    assertEquals("for sm_90", driverOnly(90));
    assertEquals(
        "nvrtc missing; compiled ahead: expected geglu.cu for sm_120, got sm_80, sm_89, sm_90",
        refusal(120));
    assertEquals(
        "nvrtc missing; compiled ahead: expected geglu.cu for sm_75, got sm_80, sm_89, sm_90",
        refusal(75));
    ship(Cubins.PTX, geglu());
    // Terminated, as the driver wants it.
    assertEquals("for compute_80\0", driverOnly(120));
    assertEquals("for sm_90", driverOnly(90));
    assertTrue(refusal(75).contains("expected geglu.cu for sm_75, got sm_80"));
  }

  @Test
  void staleAndDamagedProgramsAreNotRun(@TempDir Path folder) {
    ship("sm_90", CudaSource.of("geglu.cu", CudaKernels.source("geglu.cu") + " "));
    assertEquals(
        "nvrtc missing; compiled ahead: sm_90/geglu.cu.bin is stale; make them from these sources"
            + " with gpu/cubins",
        refusal(90));
    var programs =
        CudaPrograms.of(
            new FakeCudaDriver(1 << 20),
            0,
            Cubins.of(ahead::get),
            () -> compiler,
            ProgramCache.of(folder));
    assertArrayEquals(bytes("sm_90"), programs.image("geglu.cu"));
    ahead.clear();
    ship("sm_90", geglu());
    assertEquals("for sm_90", driverOnly(90));
    ahead.put(Cubins.file("sm_90", "geglu.cu"), bytes("for sm_9O"));
    assertTrue(refusal(90).contains("sm_90/geglu.cu.bin is damaged"));
    ahead.put(Cubins.INDEX, bytes("sm_90 geglu.cu"));
    assertTrue(refusal(90).contains("expected chip, source, key and hash"));
  }

  /** With a compiler, PTX that the driver would compile at every start is the last resort. */
  @Test
  void aCompilerComesBeforePtx(@TempDir Path folder) {
    ship(Cubins.PTX, geglu());
    var programs =
        CudaPrograms.of(
            new FakeCudaDriver(1 << 20).capability(120),
            0,
            Cubins.of(ahead::get),
            () -> compiler,
            ProgramCache.of(folder));
    assertArrayEquals(bytes("sm_120"), programs.image("geglu.cu"));
  }

  @Test
  void activationsAreOfTheTwoFormatsKernelsHave() {
    var driver = new FakeCudaDriver(1 << 20);
    var e =
        assertThrows(
            DeviceException.class,
            () -> CudaBackend.open(driver, 0, 64, DType.BF16, _ -> new byte[0], Libraries.NONE));
    assertEquals("cuda:0: --dtype: expected f32 or f16, got BF16", e.getMessage());
    assertEquals(List.of(), driver.leaks());
  }
}
