@_exported import PenstockModel
