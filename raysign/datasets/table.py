"""The datasets that are read here: where to get each, on what terms, and what to cite."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Dataset:
    """A public dataset. raysign downloads none; the licence is summed up, its text decides."""

    name: str
    """As in a store's column ``dataset``, where clips come of it."""
    title: str
    where: str
    licence: str
    cite: str
    language: str
    """ISO 639-3."""

    def notice(self) -> str:
        """What a door says of it, in one line."""
        return f"{self.title}: get it at {self.where}; licence: {self.licence}; cite {self.cite}"


_DATASETS = (
    Dataset(
        name="wlasl",
        title="WLASL",
        where="https://github.com/dxli94/WLASL",
        licence="C-UDA 1.0, computational and academic use",
        cite="Li et al., WACV 2020",
        language="ase",
    ),
    Dataset(
        name="autsl",
        title="AUTSL",
        where="https://cvml.ankara.edu.tr/datasets/",
        licence="the authors' terms of use, research only",
        cite="Sincan and Keles, IEEE Access 2020",
        language="tsm",
    ),
    Dataset(
        name="asl_citizen",
        title="ASL Citizen",
        where="https://www.microsoft.com/en-us/research/project/asl-citizen/",
        licence="Microsoft Research licence for ASL Citizen, research use",
        cite="Desai et al., NeurIPS 2023",
        language="ase",
    ),
    Dataset(
        name="lsa64",
        title="LSA64",
        where="https://facundoq.github.io/datasets/lsa64/",
        licence="CC BY-NC-SA 4.0",
        cite="Ronchetti et al., CACIC 2016",
        language="aed",
    ),
    Dataset(
        name="phoenix14t",
        title="RWTH-PHOENIX-Weather 2014T",
        where="https://www-i6.informatik.rwth-aachen.de/~koller/RWTH-PHOENIX-2014-T/",
        licence="CC BY-NC-SA 3.0",
        cite="Camgoz et al., CVPR 2018",
        language="gsg",
    ),
    Dataset(
        name="islr",
        title="Google Isolated Sign Language Recognition (Kaggle)",
        where="https://www.kaggle.com/competitions/asl-signs",
        licence="CC BY 4.0, under the competition's rules",
        cite="Chow et al., Kaggle 2023",
        language="ase",
    ),
    Dataset(
        name="asl_lex",
        title="ASL-LEX 2.0 (no clips: how signs are made)",
        where="https://osf.io/zpha4/",
        licence="CC BY-NC 4.0",
        cite="Sehyr et al., Journal of Deaf Studies and Deaf Education 2021",
        language="ase",
    ),
)

DATASETS: Mapping[str, Dataset] = MappingProxyType({one.name: one for one in _DATASETS})
